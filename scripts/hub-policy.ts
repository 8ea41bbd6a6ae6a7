/**
 * Content security policy of the hub's pages. The packaged pages may talk to Azure DevOps alone. The pages in build/hub, which only
 * the local host serves, may also talk to this machine; packaging swaps one policy for the other, and nothing else.
 *
 * `'self'` in connect-src is Azure DevOps Server, which serves extensions from its own address. Inline styles are needed by the
 * SDK, which writes the host's theme into a style element. Icons are images inside the style sheet (`data:`).
 */
function policy(connect: string): string {
  return [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self' 'unsafe-inline'",
    "font-src 'self'",
    "img-src 'self' data:",
    `connect-src ${connect}`,
    "base-uri 'none'",
    "form-action 'none'",
  ].join('; ');
}

const organisations = "'self' https://dev.azure.com https://*.dev.azure.com https://*.visualstudio.com";

export const packagedPolicy = policy(organisations);
export const localPolicy = policy(`${organisations} http://127.0.0.1:*`);

/** A page of build/hub as it is packaged. */
export function asPackaged(html: string): string {
  if (!html.includes(`"${localPolicy}"`))
    throw new Error('A page of build/hub does not carry the policy it was built with.');
  return html.replace(`"${localPolicy}"`, `"${packagedPolicy}"`);
}
