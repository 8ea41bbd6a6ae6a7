import '../../support';
import assert from 'node:assert/strict';
import { fireEvent, waitFor, within } from '@testing-library/react';
import type { Rendered } from '../../support';
import { ana, approvalId, attachment, cleo, digestOf, refused, scene, settled, updateOf, type Scene } from './scene';

/** The panel with its evidence read, so that a decision is possible. */
async function ready(of: Scene): Promise<Rendered> {
  const view = of.open();
  await view.findByRole('heading', { name: 'Digest of the evidence' });
  await waitFor(() => assert.equal(isDisabled(view, 'Approve'), false));
  return view;
}

function isDisabled(view: Rendered, name: string): boolean {
  return view.getByRole('button', { name }).getAttribute('aria-disabled') === 'true';
}

describe('a decision on an approval', () => {
  it('is sent once, bound to the evidence that was read again', async () => {
    const of = scene();
    const view = await ready(of);
    const before = of.service.asked.length;
    await view.user.type(view.getByLabelText(/^Comment/), 'AUC is up.');
    const approve = view.getByRole('button', { name: 'Approve' });
    fireEvent.click(approve);
    fireEvent.click(approve);
    await view.findByText('Approved for the evidence shown.');
    const [update, ...more] = of.sent();
    assert.deepEqual(more, []);
    assert.deepEqual(updateOf(update!), {
      approvalId,
      status: 'approved',
      comment: `AUC is up.\n\nevidence sha256:${digestOf(of.sample)}`,
    });
    const sinceClick = of.service.asked.slice(before, of.service.asked.indexOf(update!)).map(({ path }) => path);
    assert.ok(sinceClick.includes('pipelines/approvals'));
    assert.equal(sinceClick.filter((path) => /mlops\.evaluation\.v1\/evaluation\.json$/.test(path)).length, 1);
    assert.equal(document.activeElement?.textContent, 'Approved for the evidence shown.');
    assert.deepEqual(view.host.asked.toasts, ['Approved for the evidence shown.']);
    await view.findByText('Given for the evidence shown here');
    assert.ok(view.queryByRole('button', { name: 'Approve' }) === null);
  });

  it('is not sent when the evidence changed, and goes on with what was read again', async () => {
    const of = scene();
    const view = await ready(of);
    of.sample.stages[0]!.attachments!.push(attachment('mlops.data-sanity.v1', 'data.json'));
    await view.user.click(view.getByRole('button', { name: 'Approve' }));
    await view.findByText(/The evidence changed since you opened it\. Nothing was sent/);
    assert.equal(isDisabled(view, 'Approve'), true);
    assert.equal(of.sent().length, 0);
    await view.user.click(view.getByRole('button', { name: 'Read the evidence again' }));
    await view.findByText('The evidence is another than when you opened this approval');
    assert.ok(document.activeElement === view.getByRole('heading', { name: 'Evidence' }));
    await waitFor(() => assert.equal(isDisabled(view, 'Approve'), false));
    await view.user.click(view.getByRole('button', { name: 'Approve' }));
    await view.findByText('Approved for the evidence shown.');
    assert.deepEqual(
      of.sent().map((asked) => updateOf(asked).comment),
      [`evidence sha256:${digestOf(of.sample)}`],
    );
  });

  it('says of an approval that names no version that it does not', async () => {
    const of = scene();
    of.sample.stages[0]!.attachments = [];
    const view = await ready(of);
    await view.user.click(view.getByRole('button', { name: 'Approve' }));
    await view.findByText('Approved for the evidence shown. No model version is named.');
    assert.equal(of.sent().length, 1);
  });

  it('rejects only with a comment', async () => {
    const of = scene();
    const view = await ready(of);
    await view.user.click(view.getByRole('button', { name: 'Reject' }));
    await view.findByText(/Say in a comment why you reject/);
    const comment = view.getByLabelText(/^Comment/);
    assert.ok(document.activeElement === comment);
    assert.equal(comment.getAttribute('aria-invalid'), 'true');
    assert.equal(of.sent().length, 0);
    await view.user.type(comment, 'Unfair to the north.');
    await view.user.click(view.getByRole('button', { name: 'Reject' }));
    await view.findByText('Rejected. The stage will not run.');
    const { status, comment: text } = updateOf(of.sent()[0]!);
    assert.equal(status, 'rejected');
    assert.match(text, /^Unfair to the north\.\n\nevidence sha256:/);
  });

  it('takes effect later only at a time to come', async () => {
    const of = scene();
    const view = await ready(of);
    const send = () => view.user.click(view.getByRole('button', { name: 'Approve later' }));
    await send();
    await view.findByText(/Choose a time in the future/);
    const field = view.getByLabelText('From (your time)');
    assert.ok(document.activeElement === field);
    await view.user.type(field, '2020-01-01T10:00');
    await send();
    await view.findByText(/Choose a time in the future/);
    assert.equal(of.sent().length, 0);
    await view.user.clear(field);
    await view.user.type(field, '2099-01-01T10:00');
    await send();
    await view.findByText('Approved; it takes effect at the time you chose.');
    assert.equal(updateOf(of.sent()[0]!).deferredTo, new Date('2099-01-01T10:00').toISOString());
    const approvers = within(view.getByRole('region', { name: 'Approvers' }));
    await approvers.findByText('Approved, takes effect later');
    approvers.getByText(/takes effect at 2099-01-01/);
  });

  it('of one of several approvers leaves the others’ to come', async () => {
    const of = scene({
      minRequiredApprovers: 2,
      permissions: undefined,
      steps: [
        { assignedApprover: ana, status: 'pending', order: 1 },
        { assignedApprover: cleo, status: 'pending', order: 2 },
      ],
    });
    of.service.on('PATCH', /^pipelines\/approvals$/, (asked) => {
      const [mine, other] = of.approval['steps'] as object[];
      of.approval['steps'] = [{ ...mine, ...updateOf(asked), actualApprover: ana }, other];
      return { count: 1, value: [of.approval] };
    });
    const view = await ready(of);
    view.getByText('0 of 2 approved; waits for Ana Li, Cleo Lind.');
    await view.user.click(view.getByRole('button', { name: 'Approve' }));
    await view.findByText('1 of 2 approved (Ana Li); waits for Cleo Lind.');
    await view.findByText('You have decided already: the approval waits for Cleo Lind.');
    assert.equal(isDisabled(view, 'Approve'), true);
    assert.equal(of.sent().length, 1);
  });

  const refusals = [
    {
      status: 403,
      message: 'You are no approver.',
      words: /You lack a permission for this\. Azure DevOps says: You are/,
    },
    { status: 409, message: 'It was decided.', words: /Somebody changed this at the same time\. .* It was decided/ },
  ];
  for (const { status, message, words } of refusals) {
    it(`shows what the service refuses with ${status}, and keeps what was typed`, async () => {
      const of = scene();
      of.service.on('PATCH', /^pipelines\/approvals$/, () => refused(status, message));
      const view = await ready(of);
      await view.user.type(view.getByLabelText(/^Comment/), 'Good.');
      await view.user.click(view.getByRole('button', { name: 'Approve' }));
      await view.findByText(words);
      assert.equal(of.sent().length, 1);
      view.getByDisplayValue('Good.');
      assert.ok(view.queryByText('Approved for the evidence shown.') === null);
      assert.deepEqual(view.host.asked.toasts, []);
    });
  }

  it('says that a decision whose answer was lost may have arrived, and does not repeat it', async () => {
    const of = scene();
    of.service.on('PATCH', /^pipelines\/approvals$/, () => Promise.reject(new TypeError('failed to fetch')));
    const view = await ready(of);
    await view.user.click(view.getByRole('button', { name: 'Approve' }));
    await view.findByText(/Your decision may have arrived all the same/);
    assert.equal(of.sent().length, 1);
  });

  it('does not say so of a decision that was never sent, for approval and evidence could not be read again', async () => {
    const of = scene();
    const view = await ready(of);
    of.service.on('GET', /./, () => Promise.reject(new TypeError('failed to fetch')));
    await view.user.click(view.getByRole('button', { name: 'Approve' }));
    await waitFor(() => assert.ok(view.getAllByText(/The request could not be made/).length > 0));
    assert.ok(view.queryByText(/may have arrived/) === null);
    assert.equal(of.sent().length, 0);
  });

  it('is not sent when somebody else decided meanwhile, and goes on saying so', async () => {
    const of = scene();
    const view = await ready(of);
    of.approval['status'] = 'rejected';
    await view.user.click(view.getByRole('button', { name: 'Approve' }));
    await view.findByText('This was rejected; the stage does not run.');
    view.getByText('This approval is no longer pending: it is rejected. Nothing was sent.');
    assert.equal(of.sent().length, 0);
  });
});

describe('an approval that the viewer cannot decide', () => {
  const pending = { assignedApprover: cleo, status: 'pending', order: 1 };
  const cases: { name: string; of: () => Scene; reason: RegExp; gone?: boolean }[] = [
    {
      name: 'whose run they queued',
      of: () => {
        const of = scene();
        of.sample.requestedFor = ana.id.toUpperCase();
        return of;
      },
      reason: /^You queued this run, so somebody else has to decide\.$/,
    },
    {
      name: 'that excludes them',
      of: () => scene({ blockedApprovers: [ana] }),
      reason: /^You may not decide on this run: the approval excludes you\.$/,
    },
    {
      name: 'of which they are no approver',
      of: () => scene({ permissions: 'view', steps: [pending] }),
      reason: /^You are not an approver of this stage\.$/,
    },
    {
      name: 'whose turn is another’s first',
      of: () =>
        scene({
          permissions: 'view',
          executionOrder: 'inSequence',
          steps: [pending, { assignedApprover: ana, status: 'uninitiated', order: 2 }],
        }),
      reason: /^It is not your turn yet: the approval waits for Cleo Lind\.$/,
    },
    {
      name: 'whose evidence cannot be read completely',
      of: () => {
        const of = scene();
        of.service.on('GET', /\/evaluation\.json$/, () => refused(404, 'It is gone.'));
        return of;
      },
      reason: /^The evidence could not be read completely, .* Not readable: evaluation\.json of stage Train\.$/,
    },
    {
      name: 'whose evidence cannot be read at all',
      of: () => {
        const of = scene();
        of.service.on('GET', /\/timeline$/, () => refused(500, 'It broke.'));
        return of;
      },
      reason: /^The evidence could not be read, so a decision cannot be bound to it\.$/,
    },
  ];
  for (const { name, of: make, reason } of cases) {
    it(`says why: one ${name}`, async () => {
      const of = make();
      const view = of.open();
      const text = await view.findByText(reason);
      for (const button of ['Approve', 'Reject', 'Approve later']) {
        assert.equal(isDisabled(view, button), true);
        assert.equal(view.getByRole('button', { name: button }).getAttribute('aria-describedby'), text.id);
        await view.user.click(view.getByRole('button', { name: button }));
      }
      assert.equal(of.sent().length, 0);
    });
  }

  const closed: [string, string][] = [
    ['uninitiated', 'Nobody is asked yet: another check of this stage comes first.'],
    ['timedOut', 'Nobody decided in time; the stage is skipped.'],
    ['deferred', 'This was approved and takes effect later: see the approvers above.'],
    ['constructor', 'Azure DevOps calls this approval "constructor": there is nothing to decide.'],
  ];
  for (const [status, words] of closed) {
    it(`says why: one that is ${status}`, async () => {
      const view = scene({ status }).open();
      await view.findByText(words);
      await settled(view);
      assert.ok(view.queryByRole('button', { name: 'Approve' }) === null);
    });
  }

  it('is as good as none when its run cannot be seen', async () => {
    const of = scene();
    of.service.on('GET', /^build\/builds\/812$/, () => refused(404, 'No such build.'));
    const view = of.open();
    await view.findByText(/The approval could not be shown/);
    assert.ok(view.queryByText('Read the fairness report.') === null);
  });
});
