import assert from 'node:assert/strict';
import { isDark } from '../../../hub/app/theme';

describe('theme of the host', () => {
  it('is dark by the brightness of its background, and light when it names none', () => {
    const colours = ['rgba(37, 37, 37, 1)', 'rgba(0, 0, 0, 1)', 'rgba(255, 255, 255, 1)', 'rgb(248, 248, 248)', ''];
    assert.deepEqual(colours.map(isDark), [true, true, false, false, false]);
  });
});
