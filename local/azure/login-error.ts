/** An error as the token endpoint words it: `{error, error_description: "AADSTS<code>: …", error_codes: [code], …}`. */
export class LoginError extends Error {
  override readonly name = 'LoginError';
  constructor(
    readonly status: number,
    readonly error: string,
    readonly code: number,
    message: string,
  ) {
    super(message);
  }
}
