import { useHost } from '../../app/providers';
import { viewUrl } from '../../app/views';
import { LineageGraph } from '../../components/charts/lineage/LineageGraph';
import { linkTarget } from '../../components/link-target';
import type { Known } from './known';
import { lineageOf } from './lineage';

export function LineageTab({ known }: { known: Known }) {
  const host = useHost();
  const { version } = known;
  const lineage = lineageOf(known, {
    version: (model, name) => viewUrl(host, 'version', { model, version: name }),
    run: ({ url }) => url,
  });
  // A link out of a graph cannot name its host beside it, so that only those within the organization are links.
  const nodes = lineage.nodes.map((node) => {
    const target = node.href === undefined ? undefined : linkTarget(node.href, host.organization);
    return { ...node, href: target?.own === true ? target.href : undefined };
  });
  return (
    <LineageGraph
      title={`Origin and use of ${version.model} version ${version.version}`}
      nodes={nodes}
      edges={lineage.edges}
    />
  );
}
