import '../../support';
import assert from 'node:assert/strict';
import { render, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { layOut } from '../../../../hub/components/charts/lineage/layout';
import {
  LineageGraph,
  nextNode,
  type Lineage,
  type LineageNode,
} from '../../../../hub/components/charts/lineage/LineageGraph';

const lineage: Lineage = {
  nodes: [
    { id: 'commit', kind: 'commit', label: 'c0ffee', href: 'https://dev.azure.com/fabrikam/_git/churn/commit/c0ffee' },
    { id: 'data', kind: 'data', label: 'churn.csv', detail: 'sha256 ab12' },
    { id: 'job', kind: 'job', label: 'train-7' },
    { id: 'version', kind: 'model version', label: 'churn 7', isCurrent: true, href: 'https://dev.azure.com/x' },
  ],
  edges: [
    { from: 'commit', to: 'job' },
    { from: 'data', to: 'job' },
    { from: 'job', to: 'version' },
    { from: 'job', to: 'job' },
    { from: 'job', to: 'gone' },
  ],
};

describe('layout of a lineage', () => {
  it('goes from left to right, without nodes over one another and inside its box', () => {
    const { nodes, edges, width, height } = layOut(lineage);
    assert.equal(edges.length, 3);
    for (const { from, to } of edges) assert.ok(nodes.get(from)!.x + 176 < nodes.get(to)!.x);
    const corners = [...nodes.values()];
    for (const [index, one] of corners.entries()) {
      assert.ok(one.x >= 0 && one.y >= 0 && one.x + 176 <= width && one.y + 58 <= height);
      for (const other of corners.slice(index + 1))
        assert.ok(Math.abs(one.x - other.x) >= 176 || Math.abs(one.y - other.y) >= 58);
    }
  });

  it('takes nothing, one node, and a circle', () => {
    assert.deepEqual(layOut({ nodes: [], edges: [] }).nodes.size, 0);
    assert.equal(layOut({ nodes: lineage.nodes.slice(0, 1), edges: [] }).nodes.size, 1);
    const circle = [...lineage.edges, { from: 'version', to: 'commit' }];
    assert.equal(layOut({ nodes: lineage.nodes, edges: circle }).nodes.size, 4);
  });
});

describe('LineageGraph', () => {
  it('names each node with its kind and origin, and links those that lead somewhere', async () => {
    const { findByRole, getByRole } = render(<LineageGraph title="Lineage of churn 7" {...lineage} />);
    const link = await findByRole('link', { name: 'model version: churn 7, this version, from job train-7' });
    assert.equal(link.getAttribute('href'), 'https://dev.azure.com/x');
    getByRole('img', { name: 'job: train-7, from commit c0ffee and data churn.csv' });
    getByRole('group', { name: 'Lineage of churn 7' });
  });

  it('is walked by the arrow keys', async () => {
    const { findByRole } = render(<LineageGraph title="Lineage" {...lineage} />);
    const user = userEvent.setup({ document });
    const commit = await findByRole('link', { name: 'commit: c0ffee' });
    commit.focus();
    const focused = (): string | null => document.activeElement!.getAttribute('data-node');
    await user.keyboard('{ArrowRight}');
    assert.equal(focused(), 'job');
    await user.keyboard('{ArrowRight}{ArrowRight}');
    assert.equal(focused(), 'version');
    await user.keyboard('{ArrowLeft}{ArrowLeft}');
    assert.equal(focused(), 'commit');
    await user.keyboard('{ArrowDown}{ArrowUp}{ArrowUp}');
    assert.ok(['commit', 'data'].includes(focused() ?? ''));
    const layout = layOut(lineage);
    const [top, below] =
      layout.nodes.get('commit')!.y < layout.nodes.get('data')!.y ? ['commit', 'data'] : ['data', 'commit'];
    assert.equal(nextNode('ArrowDown', top, { ...lineage, layout }), below);
    assert.equal(nextNode('ArrowUp', top, { ...lineage, layout }), undefined);
    assert.equal(nextNode('Enter', top, { ...lineage, layout }), undefined);
  });

  it('opens places inside the hub by itself', async () => {
    const opened: LineageNode[] = [];
    const onOpen = (node: LineageNode): boolean => opened.push(node) > 0;
    const { findByRole } = render(<LineageGraph title="Lineage" {...lineage} onOpen={onOpen} />);
    await userEvent.setup({ document }).click(await findByRole('link', { name: /^model version/ }));
    await userEvent.setup({ document }).click(await findByRole('link', { name: 'churn 7' }));
    assert.deepEqual(
      opened.map(({ id }) => id),
      ['version', 'version'],
    );
  });

  it('says the same as a table', async () => {
    const { getByRole, findByRole } = render(<LineageGraph title="Lineage" {...lineage} />);
    await findByRole('group');
    const table = getByRole('table', { name: 'Lineage', hidden: true });
    const rows = within(table)
      .getAllByRole('row', { hidden: true })
      .map(({ textContent }) => textContent);
    assert.deepEqual(rows.slice(1), [
      'commitc0ffee',
      'datachurn.csvsha256 ab12',
      'jobtrain-7commit c0ffee, data churn.csv',
      'model versionchurn 7job train-7',
    ]);
  });

  it('says that nothing is known', () => {
    render(<LineageGraph title="Lineage" nodes={[]} edges={[]} />).getByText('Nothing is known of the origin.');
  });
});
