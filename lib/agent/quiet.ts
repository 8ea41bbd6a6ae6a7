/**
 * Loaded before azure-pipelines-task-lib. From the moment it is loaded task-lib prints what it reads as debug lines, inputs
 * and the proxy's password among them, past every redactor; a task says for itself what people need to know.
 */
const write = process.stdout.write.bind(process.stdout);

process.stdout.write = (chunk: string | Uint8Array, ...rest: []) =>
  typeof chunk === 'string' && chunk.startsWith('##vso[task.debug]') ? true : write(chunk, ...rest);
