// Reads requests as a JSON list from stdin, writes what the official swagger says of each as a JSON list to stdout.
// A process of its own: oav writes to the console as it loads, and a TypeScript loader in the process breaks it.
import { Buffer } from 'node:buffer';
import console from 'node:console';
import process from 'node:process';
import oav from 'oav';

console.log = console.error = console.warn = () => undefined;

const chunks = [];
for await (const chunk of process.stdin) chunks.push(chunk);

const live = new oav.LiveValidator(
  {
    directory: process.argv[2],
    swaggerPathsPattern: ['machinelearningservices/resource-manager/**/*.json'],
    excludedSwaggerPathsPattern: ['**/examples/**/*'],
    git: { shouldClone: false },
    loadValidatorInBackground: false,
  },
  () => undefined,
);
await live.initialize();

const verdicts = [];
for (const request of JSON.parse(Buffer.concat(chunks).toString())) {
  const verdict = await live.validateLiveRequest(request);
  const reasons = verdict.runtimeException ? [verdict.runtimeException] : verdict.errors;
  const why = reasons.map((error) => `${error.code} ${error.message} ${String(error.pathsInPayload ?? '')}`);
  verdicts.push(verdict.isSuccessful ? [] : why);
}
process.stdout.write(JSON.stringify(verdicts));
