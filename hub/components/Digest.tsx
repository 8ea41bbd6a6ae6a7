import { Button } from 'azure-devops-ui/Button';
import { useState } from 'react';
import { CopyButton } from './CopyButton';
import './digest.css';
import { cut, displayText } from './display-text';

export interface DigestProps {
  /** Hex digits of a SHA-256, without a prefix. */
  sha256: string;
  /** What it is the digest of, for the names of the buttons: "the model". */
  of: string;
}

/** First digits of a digest; all of them on demand. */
export function Digest({ sha256, of }: DigestProps) {
  const [whole, setWhole] = useState(false);
  const digits = displayText(sha256);
  return (
    <span className={whole ? 'hub-digest hub-digest-whole' : 'hub-digest'}>
      <code className="monospaced-s">{`sha256:${whole ? digits : cut(digits, 13)}`}</code>
      <Button
        subtle
        ariaExpanded={whole}
        ariaLabel={`${whole ? 'Shorten' : 'Show all of'} the digest of ${of}`}
        text={whole ? 'Less' : 'All'}
        onClick={() => setWhole(!whole)}
      />
      <CopyButton compact text={`sha256:${sha256}`} what={`the digest of ${of}`} />
    </span>
  );
}
