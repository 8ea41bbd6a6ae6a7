// A page of an extension that does what it is told: the test drives Microsoft's own SDK through it.
import * as SDK from 'azure-devops-extension-sdk';

globalThis.SDK = SDK;
globalThis.seen = { themes: 0, hashes: [], closed: [] };
globalThis.addEventListener('themeApplied', () => (globalThis.seen.themes += 1));
// An error that has crossed the wire is a plain object.
globalThis.rethrow = ({ message }) => {
  throw new Error(message);
};
globalThis.rest = async (path) => {
  const locations = await SDK.getService('ms.vss-features.location-service');
  const base = await locations.getResourceAreaLocation('965220d5-5bb9-42cf-8d67-9b146df2a5a4');
  const headers = { authorization: `Bearer ${await SDK.getAccessToken()}`, accept: 'application/json;api-version=7.1' };
  const response = await globalThis.fetch(`${base}${path}`, { headers });
  return { status: response.status, body: await response.json() };
};
SDK.init({ loaded: false }).then(() => {
  globalThis.document.body.append(`Hello ${SDK.getUser().displayName}`);
  const { dialog, panel } = SDK.getConfiguration();
  globalThis.layer = dialog ?? panel;
  globalThis.ready = true;
  return SDK.notifyLoadSucceeded();
});
