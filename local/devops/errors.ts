/** An error as Azure DevOps words it; handlers throw it, the server turns it into the service's error document. */
export class ServiceError extends Error {
  override readonly name = 'ServiceError';
  constructor(
    readonly status: number,
    /** Name of the service's exception class. */
    readonly typeKey: string,
    message: string,
    readonly headers: Record<string, string> = {},
  ) {
    super(message);
  }

  document(): Record<string, unknown> {
    return {
      $id: '1',
      innerException: null,
      message: this.message,
      typeName: `Microsoft.TeamFoundation.${this.typeKey}, Microsoft.TeamFoundation`,
      typeKey: this.typeKey,
      errorCode: 0,
      eventId: 3000,
    };
  }
}
