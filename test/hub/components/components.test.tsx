import { fakeHost, renderHub } from '../support';
import assert from 'node:assert/strict';
import { act, fireEvent } from '@testing-library/react';
import { HostError } from '../../../hub/app/reading';
import { CopyButton } from '../../../hub/components/CopyButton';
import { Digest } from '../../../hub/components/Digest';
import { EmptyState } from '../../../hub/components/EmptyState';
import { ExternalLink } from '../../../hub/components/ExternalLink';
import { KeyValueList } from '../../../hub/components/KeyValueList';
import { LoadMore } from '../../../hub/components/LoadMore';
import { PersonName } from '../../../hub/components/PersonName';
import { ProblemMessage } from '../../../hub/components/ProblemMessage';
import { RunLink } from '../../../hub/components/RunLink';
import { SkeletonRows } from '../../../hub/components/SkeletonRows';
import { Text } from '../../../hub/components/Text';
import { TimeAgo } from '../../../hub/components/TimeAgo';
import { absoluteTime, relativeTime } from '../../../hub/components/time';
import { Verdict, verdictOf } from '../../../hub/components/Verdict';
import { ViewLink } from '../../../hub/components/ViewLink';
import { cut, displayLines, displayText } from '../../../hub/components/display-text';
import { RequestProblem } from '../../../hub/devops/problems';

describe('text of a run', () => {
  it('shows control characters and neutralises what hides or turns text around', () => {
    assert.equal(displayText('a\u0000b\u001bc\u007fd\u0085e'), 'a\u2400b\u241bc\u2421d\ufffde');
    for (const hidden of ['\u202e', '\u2066', '\u200b', '\u200f', '\ufeff', '\u00ad', '\u2060', '\u{e0041}', '\ud800'])
      assert.equal(displayText(`x${hidden}y`), 'x\ufffdy', hidden.codePointAt(0)?.toString(16));
  });

  it('keeps scripts, emoji and their joiners', () => {
    for (const text of ['modèle 模型 نموذج', '👩‍🔬', 'क्‍ष']) assert.equal(displayText(text), text);
  });

  it('is one line, or the lines it had', () => {
    assert.equal(displayText('a\r\nb\tc\u2028d'), 'a b c d');
    assert.equal(displayLines('a\r\nb\rc\u202e'), 'a\nb\nc\ufffd');
  });

  it('is cut between characters, with all of it in the tooltip', () => {
    assert.equal(cut('👩👩👩👩', 3), '👩👩…');
    const { container } = renderHub(<Text value="<b>a very long name</b>" max={8} />);
    assert.equal(container.textContent, '<b>a ve…');
    assert.equal(container.querySelector('bdi')?.title, '<b>a very long name</b>');
    assert.equal(container.querySelector('b'), null);
  });
});

describe('problem message', () => {
  it('says what happened, what to do, and the id that support asks for', async () => {
    let retried = 0;
    const problem = { kind: 'serverError', status: 503, message: 'Busy', activityId: 'abc-1' } as const;
    const { getByRole, user } = renderHub(
      <ProblemMessage what="The deployments" error={new RequestProblem(problem)} onRetry={() => (retried += 1)} />,
    );
    const { textContent } = getByRole('alert');
    assert.match(textContent, /^The deployments could not be shown\. .*503.*Busy.*Try again in a minute.*abc-1/);
    await user.click(getByRole('button', { name: 'Try again' }));
    assert.equal(retried, 1);
  });

  it('shows an error of the host as it is, any other as unexpected, and nothing for none', () => {
    assert.match(
      renderHub(<ProblemMessage error={new HostError('No answer.')} />).container.textContent,
      /^No answer\.$/,
    );
    assert.match(
      renderHub(<ProblemMessage error={new TypeError('x is y')} />).container.textContent,
      /unexpected.*x is y/,
    );
    assert.equal(renderHub(<ProblemMessage />).container.textContent, '');
  });

  it('neutralises what the service sent', () => {
    const problem = { kind: 'forbidden', message: '<img src=x onerror=a>\u202eevil' } as const;
    const { container } = renderHub(<ProblemMessage problem={problem} severity="warning" />);
    assert.match(container.textContent, /<img src=x onerror=a>\ufffdevil/);
    assert.equal(container.querySelector('img'), null);
  });
});

describe('copy button', () => {
  it('copies through the clipboard and says so', async () => {
    const { getByRole, findByText, user } = renderHub(<CopyButton text="steps: []" what="the YAML" />);
    await user.click(getByRole('button', { name: 'Copy the YAML' }));
    await findByText('Copied');
    assert.equal(await navigator.clipboard.readText(), 'steps: []');
  });

  it('falls back to the selection where the host forbids the clipboard, and gives the focus back', async () => {
    const { getByRole, findByText } = renderHub(<CopyButton text="abc" what="it" />);
    const button = getByRole('button');
    const copied: string[] = [];
    Object.defineProperty(navigator, 'clipboard', { value: undefined, configurable: true });
    Reflect.set(document, 'execCommand', () => {
      const area = document.activeElement;
      copied.push(area instanceof HTMLTextAreaElement ? area.value : '');
      return true;
    });
    act(() => button.focus());
    fireEvent.click(button);
    await findByText('Copied');
    assert.deepEqual(copied, ['abc']);
    assert.equal(document.activeElement, button);
    Reflect.set(document, 'execCommand', () => false);
    fireEvent.click(button);
    await findByText(/Not copied: select the text/);
    Reflect.deleteProperty(document, 'execCommand');
  });
});

describe('small components', () => {
  it('a digest is short until all of it is asked for', async () => {
    const sha256 = 'ab'.repeat(32);
    const { getByRole, container, user } = renderHub(<Digest sha256={sha256} of="the model" />);
    assert.equal(container.querySelector('code')?.textContent, 'sha256:abababababab…');
    await user.click(getByRole('button', { name: 'Show all of the digest of the model' }));
    assert.equal(container.querySelector('code')?.textContent, `sha256:${sha256}`);
    getByRole('button', { name: 'Copy the digest of the model' });
  });

  it('a verdict is a shape and a word, also for words nobody knows', () => {
    const { container, getByText } = renderHub(<Verdict {...verdictOf('notBetter')} />);
    getByText('Not better than production');
    assert.ok(container.querySelector('svg'));
    assert.deepEqual(verdictOf('constructor'), { kind: 'neutral', text: 'constructor' });
    assert.deepEqual(verdictOf(undefined), { kind: 'neutral', text: 'None' });
  });

  it('each kind of verdict has a shape of its own', () => {
    const kinds = ['good', 'bad', 'warning', 'unsure', 'neutral', 'waiting', 'running'] as const;
    const shapes = kinds.map(
      (kind) => renderHub(<Verdict kind={kind} text="x" />).container.querySelector('[aria-hidden]')?.innerHTML,
    );
    assert.equal(new Set(shapes).size, kinds.length);
  });

  it('a time is relative, with the exact one in UTC as tooltip', () => {
    const now = Date.UTC(2026, 10, 21, 12);
    assert.equal(relativeTime(now - 3 * 3_600_000, now), '3 hours ago');
    assert.equal(relativeTime(now - 26 * 3_600_000, now), '1 day ago');
    assert.equal(relativeTime(now + 120_000, now), 'in 2 minutes');
    assert.equal(relativeTime(now - 59_000, now), 'just now');
    assert.equal(absoluteTime(now), '2026-11-21 12:00:00 UTC');
    const { container } = renderHub(<TimeAgo time="2020-01-02T03:04:05Z" />);
    const time = container.querySelector('time');
    assert.equal(time?.title, '2020-01-02 03:04:05 UTC');
    assert.match(time.textContent, /^\d+ years ago$/);
  });

  it('what is no time is shown as it came', () => {
    assert.equal(renderHub(<TimeAgo time={'yester\u202eday'} />).container.textContent, 'yester\ufffdday');
    assert.equal(renderHub(<TimeAgo time={undefined} />).container.textContent, 'unknown');
  });

  it('a person has the account in the tooltip', () => {
    const person = { id: 'u', displayName: 'Ana\u202e Li', uniqueName: 'ana@fabrikam.test' };
    const { container } = renderHub(<PersonName person={person} />);
    assert.equal(container.textContent, 'Ana\ufffd Li');
    assert.equal(container.querySelector('bdi')?.title, 'Ana\ufffd Li (ana@fabrikam.test)');
    assert.equal(
      renderHub(<PersonName person={{ ...person, isGroup: true }} />).container.textContent,
      'Ana\ufffd Li (group)',
    );
    assert.equal(renderHub(<PersonName person={undefined} />).container.textContent, 'unknown');
  });

  it('an empty state gives the YAML to add and a button to copy it', () => {
    const { getByRole } = renderHub(
      <EmptyState title="No models yet" yaml="- task: RegisterModel@0">
        Add the task.
      </EmptyState>,
    );
    assert.equal(getByRole('region', { name: 'YAML to add' }).textContent, '- task: RegisterModel@0');
    getByRole('heading', { name: 'No models yet' });
    getByRole('button', { name: 'Copy the YAML' });
  });

  it('load more says how many are shown and asks for the next', async () => {
    let more = 0;
    const { getByRole, user, unmount } = renderHub(
      <LoadMore shown={50} noun="runs" hasMore onMore={() => (more += 1)} />,
    );
    assert.equal(getByRole('status').textContent, '50 runs shown; there are more.');
    await user.click(getByRole('button', { name: 'Load more runs' }));
    assert.equal(more, 1);
    unmount();
    const all = renderHub(<LoadMore shown={7} noun="runs" hasMore={false} onMore={() => undefined} />);
    assert.equal(all.container.textContent, 'All 7 runs are shown.');
    all.unmount();
    for (const noun of ['run', 'registration', 'deployment'])
      for (const [shown, hasMore, text] of [
        [1, false, `1 ${noun} shown; there are no more.`],
        [1, true, `1 ${noun} shown; there are more.Load more`],
        [0, false, `There are no ${noun}s.`],
      ] as const) {
        const few = renderHub(<LoadMore shown={shown} noun={`${noun}s`} hasMore={hasMore} onMore={() => undefined} />);
        assert.equal(few.container.textContent, text);
        few.unmount();
      }
  });

  it('facts without a value are left out', () => {
    const items = [
      { label: 'Model', value: 'churn' },
      { label: 'Image', value: undefined },
      { label: 'Rows', value: 0 },
    ];
    const { container } = renderHub(<KeyValueList items={items} />);
    assert.deepEqual(
      [...container.querySelectorAll('dt')].map(({ textContent }) => textContent),
      ['Model', 'Rows'],
    );
  });

  it('skeleton rows say that something is loading', () => {
    const { getByRole } = renderHub(<SkeletonRows rows={3} label="Loading runs" />);
    assert.equal(getByRole('status', { name: 'Loading runs' }).children.length, 3);
  });
});

describe('links', () => {
  const text = (href: string) => renderHub(<ExternalLink href={href}>page</ExternalLink>).container;

  it('outside the organization say where they lead and open a new tab', () => {
    const link = text('https://ml.azure.com/models?x=1').querySelector('a');
    assert.match(link?.textContent ?? '', /page \(ml\.azure\.com\).*opens in a new tab/);
    assert.equal(link?.rel, 'noopener noreferrer');
    assert.equal(link.target, '_blank');
  });

  it('that must not be links stay text', () => {
    for (const href of [
      'javascript:alert(1)',
      'data:text/html,x',
      '/relative',
      '',
      'https://dev.azure.com@evil.example/',
    ])
      assert.equal(text(href).querySelector('a'), null, href);
  });

  it('to a run are plain inside the organization and announced elsewhere', () => {
    const run = {
      number: '20261121.1',
      url: 'https://dev.azure.com/fabrikam/p/_build/results?buildId=1',
      pipeline: { id: 1, name: 'train', folder: '\\' },
    };
    const own = renderHub(<RunLink run={run} withPipeline />).container;
    assert.equal(own.textContent, 'train #20261121.1');
    assert.equal(own.querySelector('a')?.target, '_top');
    const foreign = renderHub(<RunLink run={{ ...run, url: 'https://evil.example/' }} />).container;
    assert.match(foreign.textContent, /evil\.example/);
  });

  it('to views open in place, and leave the new tab to the browser', async () => {
    const link = (
      <ViewLink view="version" params={{ model: 'a&b', version: '7' }}>
        open
      </ViewLink>
    );
    const { getByRole, url, user } = renderHub(link, { params: { view: 'models', q: 'x' } });
    assert.equal(
      getByRole('link').getAttribute('href'),
      'https://dev.azure.com/fabrikam/Churn/_apps/hub/mlops-azure-ml.mlops-azure-ml.models-hub?view=version&model=a%26b&version=7',
    );
    await user.click(getByRole('link'));
    assert.deepEqual(url.read(), { view: 'version', model: 'a&b', version: '7' });
  });

  it('to views lead out of the run tab to the hub', () => {
    const host = fakeHost({ contributionId: 'mlops-azure-ml.mlops-azure-ml.model-tab' });
    const { getByRole, url } = renderHub(<ViewLink view="models">open</ViewLink>, { host });
    const link = getByRole('link');
    link.addEventListener('click', (event) => event.preventDefault());
    fireEvent.click(link);
    assert.deepEqual(url.read(), {});
    assert.equal(link.getAttribute('target'), '_top');
  });
});
