import { dropped } from '../shape/record';
import { anything } from '../shape/scalars';

/** A key that the service fills in: files that were written from an answer have it, and what it says is read over. */
export const answered = dropped({ ...anything, nullable: true });
