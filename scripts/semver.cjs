// task-lib and jsonwebtoken ask Node for its version with 48 KB of semver. This answers the two questions they have.
const numbers = (version) => version.replace(/^v/, '').split('-')[0].split('.').map(Number);

function compare(left, right) {
  const [a, b] = [numbers(left), numbers(right)];
  const index = a.findIndex((number, place) => number !== b[place]);
  return index < 0 ? 0 : a[index] - b[index];
}

function satisfiesOne(version, part) {
  const [, operator, wanted] = /^(>=|\^)(\d+\.\d+\.\d+)$/.exec(part.trim()) ?? [];
  if (operator === undefined) throw new Error(`scripts/semver.cjs does not know the range ${part}`);
  if (compare(version, wanted) < 0) return false;
  return operator === '>=' || numbers(version)[0] === numbers(wanted)[0];
}

module.exports = {
  lt: (left, right) => compare(left, right) < 0,
  satisfies: (version, range) => range.split('||').some((part) => satisfiesOne(version, part)),
};
