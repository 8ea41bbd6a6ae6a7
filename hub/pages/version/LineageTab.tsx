import { useNavigate } from '../../app/navigate';
import { useHost } from '../../app/providers';
import { viewUrl } from '../../app/views';
import { LineageGraph } from '../../components/charts/lineage/LineageGraph';
import type { LineageNode } from '../../components/charts/lineage/graph';
import { displayText } from '../../components/display-text';
import { linkTarget } from '../../components/link-target';
import { versionParams } from '../../data/workspaces';
import type { Known } from './known';
import { lineageOf } from './lineage';

export function LineageTab({ known }: { known: Known }) {
  const host = useHost();
  const { open } = useNavigate();
  const { model, version } = known.version;
  const { workspace } = known.version.registration;
  const champion = known.records.evaluation?.body.champion?.model;
  const lineage = lineageOf(known, {
    version: (name, number) => {
      const isChampion = name === champion?.name && number === champion.version;
      return viewUrl(
        host,
        'version',
        isChampion ? versionParams(champion) : { model: name, version: number, workspace },
      );
    },
    run: ({ url }) => url,
  });
  // A link out of a graph cannot name its host beside it, so that only those within the organization are links.
  const nodes = lineage.nodes.map((node) => {
    const target = node.href === undefined ? undefined : linkTarget(node.href, host.organization);
    return { ...node, href: target?.own === true ? target.href : undefined };
  });
  const openInPlace = ({ id }: LineageNode): boolean => {
    if (id === 'version') open('version', { model, version, workspace });
    else if (id === 'champion' && champion) open('version', versionParams(champion));
    else return false;
    return true;
  };
  return (
    <LineageGraph
      title={displayText(`Origin and use of ${model} version ${version}`)}
      nodes={nodes}
      edges={lineage.edges}
      onOpen={openInPlace}
    />
  );
}
