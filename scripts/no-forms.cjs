// axios carries form-data for multi-part bodies, and with it 137 KB of media types. The tasks send none: Node's own class
// answers the `instanceof` checks.
module.exports = FormData;
