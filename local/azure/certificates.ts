import 'reflect-metadata';
import * as x509 from '@peculiar/x509';
import { createHash, randomBytes, webcrypto, X509Certificate } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Files of the private authority and of the server's certificate. */
export interface Certificates {
  caFile: string;
  caBundleFile: string;
  /** PEM texts for the server. */
  certificate: string;
  key: string;
}

const day = 24 * 60 * 60 * 1000;
const ecdsa = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
const names = ['localhost', '*.blob.core.localhost', '*.azurecr.localhost'];

/** Where systems keep the public authorities as one file. */
const systemBundles = [
  '/etc/ssl/certs/ca-certificates.crt',
  '/etc/pki/tls/certs/ca-bundle.crt',
  '/etc/ssl/cert.pem',
  '/opt/homebrew/etc/ca-certificates/cert.pem',
];

/** Makes the authority at first use and keeps it; the server's certificate is renewed when it has less than 30 days. */
export async function openCertificates(folder: string): Promise<Certificates> {
  x509.cryptoProvider.set(webcrypto);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const files = {
    caFile: join(folder, 'ca.pem'),
    caKey: join(folder, 'ca.key'),
    certificate: join(folder, 'server.pem'),
    key: join(folder, 'server.key'),
    caBundleFile: join(folder, 'ca-bundle.pem'),
  };
  if (!lasts(files.caFile, files.caKey)) await makeAuthority(files);
  if (!lasts(files.certificate, files.key)) await makeServerCertificate(files);
  writeBundle(files);
  return {
    caFile: files.caFile,
    caBundleFile: files.caBundleFile,
    certificate: readFileSync(files.certificate, 'utf8'),
    key: readFileSync(files.key, 'utf8'),
  };
}

function lasts(certificateFile: string, keyFile: string): boolean {
  if (!existsSync(certificateFile) || !existsSync(keyFile)) return false;
  const { validTo } = new X509Certificate(readFileSync(certificateFile));
  return new Date(validTo).getTime() - Date.now() > 30 * day;
}

interface Files {
  caFile: string;
  caKey: string;
  certificate: string;
  key: string;
  caBundleFile: string;
}

async function makeAuthority(files: Files): Promise<void> {
  const keys = await webcrypto.subtle.generateKey(ecdsa, true, ['sign', 'verify']);
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: serialNumber(),
    name: `CN=mlops local authority ${randomBytes(4).toString('hex')}`,
    notBefore: new Date(Date.now() - day),
    notAfter: new Date(Date.now() + 3650 * day),
    signingAlgorithm: ecdsa,
    keys,
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  writeFileSync(files.caFile, pem(certificate));
  writeFileSync(files.caKey, await keyPem(keys.privateKey), { mode: 0o600 });
  // A certificate of an earlier authority is of no use any more.
  await makeServerCertificate(files);
}

async function makeServerCertificate(files: Files): Promise<void> {
  const authority = new x509.X509Certificate(readFileSync(files.caFile, 'utf8'));
  const signingKey = await importKey(readFileSync(files.caKey, 'utf8'));
  const keys = await webcrypto.subtle.generateKey(ecdsa, true, ['sign', 'verify']);
  const certificate = await x509.X509CertificateGenerator.create({
    serialNumber: serialNumber(),
    subject: 'CN=localhost',
    issuer: authority.subject,
    notBefore: new Date(Date.now() - day),
    // Clients refuse server certificates that last longer than 825 days.
    notAfter: new Date(Date.now() + 800 * day),
    signingAlgorithm: ecdsa,
    publicKey: keys.publicKey,
    signingKey,
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth]),
      new x509.SubjectAlternativeNameExtension([
        ...names.map((value) => ({ type: 'dns' as const, value })),
        { type: 'ip', value: '127.0.0.1' },
        { type: 'ip', value: '::1' },
      ]),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
      // Python's strict check wants the authority's key identifier.
      await x509.AuthorityKeyIdentifierExtension.create(authority.publicKey),
    ],
  });
  writeFileSync(files.certificate, pem(certificate));
  writeFileSync(files.key, await keyPem(keys.privateKey), { mode: 0o600 });
}

/** A self-signed RSA certificate with its key, as a service principal registers one: PEM texts and the SHA-1 thumbprint. */
export async function makeClientCertificate(
  name: string,
): Promise<{ certificate: string; key: string; thumbprint: string }> {
  x509.cryptoProvider.set(webcrypto);
  const rsa = {
    name: 'RSASSA-PKCS1-v1_5',
    hash: 'SHA-256',
    modulusLength: 2048,
    publicExponent: new Uint8Array([1, 0, 1]),
  };
  const keys = await webcrypto.subtle.generateKey(rsa, true, ['sign', 'verify']);
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: serialNumber(),
    name: `CN=${name}`,
    notBefore: new Date(Date.now() - day),
    notAfter: new Date(Date.now() + 3650 * day),
    signingAlgorithm: rsa,
    keys,
  });
  const thumbprint = createHash('sha1').update(Buffer.from(certificate.rawData)).digest('hex').toUpperCase();
  return { certificate: pem(certificate), key: await keyPem(keys.privateKey), thumbprint };
}

function writeBundle(files: Files): void {
  const system = systemBundles.find((file) => existsSync(file));
  const publicAuthorities = system === undefined ? '' : readFileSync(system, 'utf8');
  writeFileSync(files.caBundleFile, `${publicAuthorities}\n${readFileSync(files.caFile, 'utf8')}`);
}

function serialNumber(): string {
  // Positive and without a leading zero byte, as DER wants it.
  return `4${randomBytes(15).toString('hex').slice(1)}`;
}

function pem(certificate: x509.X509Certificate): string {
  return `${certificate.toString('pem')}\n`;
}

async function keyPem(key: webcrypto.CryptoKey): Promise<string> {
  const der = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', key)).toString('base64');
  const lines = der.match(/.{1,64}/g) ?? [];
  return `-----BEGIN PRIVATE KEY-----\n${lines.join('\n')}\n-----END PRIVATE KEY-----\n`;
}

async function importKey(text: string): Promise<webcrypto.CryptoKey> {
  const der = Buffer.from(text.replaceAll(/-----[A-Z ]+-----|\s/g, ''), 'base64');
  return webcrypto.subtle.importKey('pkcs8', der, ecdsa, false, ['sign']);
}
