import { Button } from 'azure-devops-ui/Button';
import { useState } from 'react';

export interface CopyButtonProps {
  text: string;
  /** What is copied, for the button's name: "the YAML". */
  what: string;
  /** Only the icon is seen. */
  compact?: boolean;
}

/** Copies a text and says whether that worked. */
export function CopyButton({ text, what, compact = false }: CopyButtonProps) {
  const [outcome, setOutcome] = useState<'copied' | 'failed'>();
  const copy = (): void => {
    void copyText(text).then((copied) => setOutcome(copied ? 'copied' : 'failed'));
  };
  const said =
    outcome === undefined ? '' : outcome === 'copied' ? 'Copied' : 'Not copied: select the text and press Ctrl+C';
  return (
    <span className="hub-copy">
      <Button
        subtle
        iconProps={{ iconName: outcome === 'copied' ? 'CheckMark' : 'Copy' }}
        ariaLabel={`Copy ${what}`}
        text={compact ? undefined : `Copy ${what}`}
        onClick={copy}
      />
      <span role="status" className={outcome === 'failed' ? undefined : 'hub-only-read'}>
        {said}
      </span>
    </span>
  );
}

/** A frame may use the clipboard only where its host lets it; the older command needs no such leave. */
async function copyText(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return copyBySelection(text);
  }
}

function copyBySelection(text: string): boolean {
  const focused = document.activeElement;
  const area = document.createElement('textarea');
  area.value = text;
  area.className = 'hub-only-read';
  document.body.append(area);
  area.focus();
  area.select();
  try {
    return runCopyCommand();
  } finally {
    area.remove();
    if (focused instanceof HTMLElement) focused.focus();
  }
}

function runCopyCommand(): boolean {
  const command: unknown = Reflect.get(document, 'execCommand');
  return typeof command === 'function' && command.call(document, 'copy') === true;
}
