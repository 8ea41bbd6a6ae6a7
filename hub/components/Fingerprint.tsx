import { Digest } from './Digest';
import { Text } from './Text';

export interface FingerprintProps {
  /** A SHA-256 in hex, with or without its prefix, or a name of the user's own. */
  value: string;
  /** What it is the fingerprint of, for the names of the buttons: "the data". */
  of: string;
  /** Longest text shown where it is none of ours. */
  max?: number;
}

/** What names contents: shortened where it is a digest, else as it is. */
export function Fingerprint({ value, of, max }: FingerprintProps) {
  const [, digits] = /^(?:sha256:)?([0-9a-f]{64})$/.exec(value) ?? [];
  return digits === undefined ? <Text value={value} max={max} /> : <Digest sha256={digits} of={of} />;
}
