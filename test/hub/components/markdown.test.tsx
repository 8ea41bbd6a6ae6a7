import { renderHub } from '../support';
import assert from 'node:assert/strict';
import { waitFor } from '@testing-library/react';
import fc from 'fast-check';
import { useState } from 'react';
import { Markdown } from '../../../hub/components/Markdown';
import { markdownFragment } from '../../../hub/components/markdown-html';

const organization = 'https://dev.azure.com/fabrikam/';

function shown(source: string): HTMLElement {
  const place = document.createElement('div');
  place.append(markdownFragment(source, organization));
  return place;
}

const harmless = new Set(
  'A BLOCKQUOTE BR CODE DEL DIV EM H3 H4 H5 H6 HR LI OL P PRE SPAN STRONG TABLE TBODY TD TH THEAD TR UL'.split(' '),
);
const harmlessAttributes = new Set([
  'href',
  'class',
  'target',
  'rel',
  'start',
  'align',
  'tabindex',
  'role',
  'aria-label',
]);

/** Nothing in it can run, load, frame, submit or dress up; every link leaves only to where it says. */
function assertHarmless(place: HTMLElement, source: string): void {
  for (const element of place.querySelectorAll('*')) {
    assert.ok(harmless.has(element.tagName), `${element.tagName} from ${source}`);
    for (const { name } of element.attributes) assert.ok(harmlessAttributes.has(name), `${name} from ${source}`);
  }
  for (const link of place.querySelectorAll('a')) {
    assert.match(link.protocol, /^https?:$/, source);
    assert.equal(link.username + link.password, '', source);
    if (link.href.startsWith(organization)) continue;
    assert.ok(link.textContent.endsWith(` (${link.host}, opens in a new tab)`), `${link.textContent} from ${source}`);
    assert.equal(link.target, '_blank');
    assert.equal(link.rel, 'noopener noreferrer');
  }
}

const attacks = [
  '<script>alert(1)</script>',
  '<scr<script>ipt>alert(1)</scr</script>ipt>',
  '<img src=x onerror=alert(1)>',
  '<svg onload=alert(1)><script>alert(1)</script></svg>',
  '<svg><style><img src=x onerror=alert(1)></style></svg>',
  '<math><mtext><table><mglyph><style><!--</style><img title="--&gt;&lt;img src=1 onerror=alert(1)&gt;">',
  '<iframe src="https://evil.example"></iframe>',
  '<form action="https://evil.example"><input name=p><button>Sign in</button></form>',
  '<style>*{display:none}</style>',
  '<p style="position:fixed;inset:0">over everything</p>',
  '<a href="javascript:alert(1)">x</a>',
  '<a href="https://evil.example" target="_self">x</a>',
  '<base href="https://evil.example/">',
  '<meta http-equiv="refresh" content="0;url=https://evil.example">',
  '<object data="x"></object><embed src="x">',
  '<template><script>alert(1)</script></template>',
  '<noscript><p title="</noscript><img src=x onerror=alert(1)>">',
  '<!-- hidden --><b>shown</b><!-- <script>alert(1)</script> ',
  '<details open ontoggle=alert(1)>x</details>',
  '<video><source onerror=alert(1)></video>',
  '<a id=location name=body>clobber</a><form id=document></form>',
  '[x](javascript:alert(1))',
  '[x](JaVaScRiPt:alert(1))',
  '[x](java\nscript:alert(1))',
  '[x](&#106;avascript:alert(1))',
  '[x](\u0001javascript:alert(1))',
  '[x](data:text/html,<script>alert(1)</script>)',
  '[x](vbscript:msgbox)',
  '[x](file:///etc/passwd)',
  '[x](//evil.example/a)',
  '[x](/relative)',
  '[x](#anchor)',
  '[x](mailto:a@evil.example)',
  '[x](https://dev.azure.com@evil.example/)',
  '[x](https://dev.azure.com/fabrikam/../evil)',
  '[x](https://dev.azure.com/fabrikam.evil.example/)',
  '[x](https://evil.example "on" onmouseover="alert(1))',
  '[x](<https://evil.example/"onmouseover="alert(1)>)',
  '![x](https://evil.example/pixel.png)',
  '![x](x" onerror="alert(1))',
  '![<img src=x onerror=alert(1)>](y)',
  '[![x](https://evil.example/p.png)](javascript:alert(1))',
  '<https://evil.example>',
  '<javascript:alert(1)>',
  'https://evil.example/auto www.evil.example a@evil.example',
  '[ref]: javascript:alert(1)\n\n[ref]',
  '[ref]: https://evil.example "title"\n\n[ref] and [text][ref]',
  '[a [b](https://evil.example) c](https://evil.example/2)',
  '```html\n<script>alert(1)</script>\n```',
  '```"onmouseover="alert(1)\nx\n```',
  '`<script>alert(1)</script>`',
  '# <img src=x onerror=alert(1)>',
  '| <script>a</script> | [x](javascript:a) |\n| --- | :-: |\n| <img onerror=a> | ![p](x) |',
  '- [x] <input onfocus=alert(1) autofocus>\n- [ ] open',
  '1000. start\n2. next',
  '> <svg/onload=alert(1)>\n> [x](javascript:alert(1))',
  '&lt;script&gt;alert(1)&lt;/script&gt;',
  '\u202egnp.exe\u202c <b\u0000>',
  '<xmp><script>alert(1)</script></xmp><plaintext>',
];

describe('markdown of a run', () => {
  for (const source of attacks) {
    it(`does nothing with ${JSON.stringify(source).slice(0, 80)}`, () => assertHarmless(shown(source), source));
  }

  it('does nothing with attacks put together in any order', () => {
    const piece = fc.oneof(
      fc.constantFrom(...attacks),
      fc.constantFrom('\n', '\n\n', '> ', '- ', '| ', '`', '[', '](', ')', '<', '>'),
    );
    fc.assert(
      fc.property(fc.array(piece, { minLength: 2, maxLength: 6 }), (pieces) => {
        assertHarmless(shown(pieces.join('')), pieces.join(''));
      }),
      { numRuns: 150, seed: 4 },
    );
  });

  it('shows HTML as text, without comments', () => {
    assert.equal(
      shown('a <b onclick=x>bold</b> word <!-- secret -->').textContent.trim(),
      'a <b onclick=x>bold</b> word',
    );
    assert.equal(shown('<!-- secret\nlines -->\n\nafter').textContent.trim(), 'after');
  });

  it('keeps what a model card needs: headings below those of the page, lists, code, tables', () => {
    const place = shown(
      '# Card\n\n###### Deep\n\n- [x] done\n- *one* **two** ~~three~~\n\n`code`\n\n|a|b|\n|-|-|\n|1|2|',
    );
    assert.equal(place.querySelector('h3')?.textContent, 'Card');
    assert.equal(place.querySelector('h6')?.textContent, 'Deep');
    assert.equal(place.querySelector('li')?.textContent.trim(), '☑ done');
    for (const tag of ['em', 'strong', 'del', 'code', 'table td']) assert.ok(place.querySelector(tag), tag);
    assert.equal(place.querySelector('table')?.parentElement?.tabIndex, 0);
  });

  it('announces where a link leads, and leaves those of the organization plain', () => {
    const place = shown('[the run](https://dev.azure.com/fabrikam/p/_build) and [other](https://Evil.example:8443/x)');
    const [own, other] = place.querySelectorAll('a');
    assert.equal(own?.textContent, 'the run');
    assert.equal(own.target, '_top');
    assert.equal(other?.textContent, 'other (evil.example:8443, opens in a new tab)');
  });

  it('names a look-alike host as browsers resolve it', () => {
    assert.match(shown('[x](https://dev.аzure.com/)').textContent, /xn--/);
  });

  it('writes the words of a picture instead of loading it', () => {
    assert.equal(shown('![a chart](https://evil.example/p.png)').textContent.trim(), '[picture: a chart]');
  });

  it('cuts what is endless and says so', () => {
    const text = shown('word '.repeat(60_000)).textContent;
    assert.match(text, /The rest of this text \(200000 characters\) is not shown\.$/);
  });

  it('is rendered once its parser has loaded, and again when the text changes', async () => {
    const Card = () => {
      const [text, setText] = useState('**one**');
      return (
        <>
          <button onClick={() => setText('**two**')}>other</button>
          <Markdown source={text} />
        </>
      );
    };
    const { container, getByRole, user } = renderHub(<Card />);
    getByRole('status', { name: 'Loading the text' });
    await waitFor(() => assert.equal(container.querySelector('strong')?.textContent, 'one'));
    await user.click(getByRole('button', { name: 'other' }));
    await waitFor(() => assert.equal(container.querySelector('strong')?.textContent, 'two'));
  });

  it('shows the text as it was written when it cannot be formatted', async () => {
    const { findByText } = renderHub(<Markdown source={'> '.repeat(30_000)} />);
    await findByText('This text could not be formatted; here it is as it was written.', {}, { timeout: 10_000 });
  });
});
