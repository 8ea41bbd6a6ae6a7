import assert from 'node:assert/strict';
import fc from 'fast-check';

import { locations } from '../../../local/devops/locations';
import { Router } from '../../../local/devops/router';
import { check, list, number, optional, shape, text } from '../../../local/devops/shape';

const all = Object.values(locations).map((location) => ({ location, method: 'GET' as const }));

describe('routes', () => {
  const router = new Router(all);
  const found = (path: string): [string, Record<string, string>][] =>
    router.find(path.split('/')).map(({ route, params }) => [route.location.resourceName, params]);

  it('prefer the more specific location, ignore case and leave out trailing parameters', () => {
    assert.deepEqual(found('p/_apis/pipelines/environments'), [['environments', { project: 'p' }]]);
    assert.deepEqual(found('p/_apis/pipelines/12'), [['pipelines', { project: 'p', pipelineId: '12' }]]);
    assert.deepEqual(found('p/_APIS/Build/BUILDS/7'), [['Builds', { project: 'p', buildId: '7' }]]);
    assert.deepEqual(found('p/_apis/build/builds/7/tags/a/b'), [['tags', { project: 'p', buildId: '7', tag: 'a/b' }]]);
    assert.deepEqual(found('p/_apis/build/builds/7/attachments/t'), [
      ['attachments', { project: 'p', buildId: '7', type: 't' }],
    ]);
  });

  it('find every location again from its own template, filled', () => {
    const part = fc.stringMatching(/^[a-z0-9-]{1,12}$/);
    fc.assert(
      fc.property(fc.constantFrom(...all), fc.array(part, { minLength: 8, maxLength: 8 }), ({ location }, parts) => {
        let next = 0;
        const path = location.routeTemplate
          .split('/')
          .map((one) =>
            one === '{area}'
              ? location.area
              : one === '{resource}'
                ? location.resourceName
                : one.startsWith('{')
                  ? `x${parts[next++] ?? ''}`
                  : one,
          );
        assert.ok(
          router.find(path).some(({ route }) => route.location.id === location.id),
          path.join('/'),
        );
      }),
    );
  });
});

describe('a shape', () => {
  const person = shape({ name: text, age: optional(number), tags: list(text) });

  it('drops what it does not know, and takes null for absent', () => {
    assert.deepEqual(check(person, { name: 'a', age: null, tags: ['x'], more: 1 }), { name: 'a', tags: ['x'] });
  });

  for (const [value, message] of [
    [{ name: 'a', tags: ['x', 1] }, '$.tags[1]: expected a string, found number 1.'],
    [{ name: 'a' }, '$.tags: expected a list, found nothing.'],
    [[], '$: expected an object, found a list.'],
  ] as const) {
    it(`says ${message}`, () => {
      assert.throws(() => check(person, value), { name: 'ShapeError', message });
    });
  }
});
