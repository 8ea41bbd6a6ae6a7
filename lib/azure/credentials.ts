/** The only credentials the tasks use: imported from here, the rest of the package stays out of the bundles. */
export {
  ClientAssertionCredential,
  ClientCertificateCredential,
  ClientSecretCredential,
  ManagedIdentityCredential,
} from '@azure/identity';
