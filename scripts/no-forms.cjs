// axios carries form-data for multi-part bodies, and with it 137 KB of media types. The tasks send none: this answers its
// `instanceof` checks.
module.exports = function FormData() {};
