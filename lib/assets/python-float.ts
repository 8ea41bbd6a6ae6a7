/** A number that Python keeps as a float: `1.0` and `1` are the same to JavaScript, but not in a hash over Python's text. */
export class PythonFloat {
  constructor(readonly value: number) {}

  toJSON(): number {
    return this.value;
  }
}
