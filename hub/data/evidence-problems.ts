import type { EvidenceProblem } from './types';

/** What is wrong with a run's evidence and what follows from it, in words for the page. */
export function evidenceProblemText({ kind, type, name, stage, detail }: EvidenceProblem): string {
  const what = `${name === '' ? type : `${name} (${type})`}${stage === undefined || stage === '' ? '' : ` of stage ${stage}`}`;
  const plain = detail.replace(/[.…\s]+$/, '');
  switch (kind) {
    case 'notThisShape':
      return `${what} is not a record of its kind: ${plain}. It is not shown; find out which step attached it.`;
    case 'unknownVersion':
      return `${what} has a version that this page does not know: ${plain}. Update the extension to see it.`;
    case 'notCanonical':
      return `${what} was not written by a task of this extension: ${plain}. It is not shown as evidence.`;
    case 'indexDiffers':
      return `Index and evidence differ for ${what}: ${plain}. Trust the evidence; find out who edited the run's properties.`;
    case 'notInIndex':
      return `${what} stands in no index: ${plain}. The evidence itself is whole, but lists may not show it.`;
    case 'missing':
      return `${what} is missing: ${plain}. Either the stage ran again, or somebody edited the run's properties.`;
    case 'unreadable':
      return `${what} could not be read: ${plain}.`;
    case 'tooLarge':
      return `${what} was not read: ${plain}. Records are never that large, so it is not one of ours.`;
    case 'clockSkew':
      return `A time in ${what} cannot be right: ${plain}. Check the clock of the agent or of the compute.`;
  }
}
