import { Tab, TabBar, TabSize } from 'azure-devops-ui/Tabs';
import { useEffect, useRef, type RefObject } from 'react';
import { useUrlState } from '../../app/url-state';
import { ApprovalPanel } from './ApprovalPanel';
import { ApprovalList } from './ApprovalList';
import './approvals.css';

const lists = [
  { id: 'mine', name: 'Waiting for me' },
  { id: 'pending', name: 'All pending' },
  { id: 'history', name: 'History' },
] as const;

/** Approvals of runs in which our tasks ran, and the panel in which one is decided. Parameters: `list`, `approval`. */
export default function ApprovalsPage() {
  const { params, patch } = useUrlState();
  const list = lists.find(({ id }) => id === params['list']) ?? lists[0];
  const approval = params['approval'];
  const page = useFocus(approval);
  return (
    <div ref={page}>
      {approval === undefined ? (
        <>
          <TabBar
            ariaLabel="Lists of approvals"
            className="hub-tabs"
            disableSticky
            tabSize={TabSize.Compact}
            selectedTabId={list.id}
            onSelectedTabChanged={(id) => patch({ list: id })}
          >
            {lists.map(({ id, name }) => (
              <Tab key={id} id={id} name={name} />
            ))}
          </TabBar>
          <div role="tabpanel" aria-label={list.name} tabIndex={-1} className="hub-content">
            <ApprovalList key={list.id} scope={list.id} onOpen={(id) => patch({ approval: id })} />
          </div>
        </>
      ) : (
        <ApprovalPanel key={approval} id={approval} onClose={() => patch({ approval: undefined })} />
      )}
    </div>
  );
}

/**
 * The focus goes to the heading of a panel that opens, and back to the row that it was opened from; to the list when that row is
 * gone. With an approval that the address named from the start, it stays where the frame put it.
 */
function useFocus(approval: string | undefined): RefObject<HTMLDivElement> {
  const page = useRef<HTMLDivElement>(null);
  const before = useRef(approval);
  useEffect(() => {
    const closed = before.current;
    if (closed === approval) return;
    before.current = approval;
    const all = (selector: string) => [...(page.current?.querySelectorAll<HTMLElement>(selector) ?? [])];
    if (approval !== undefined) all('h2')[0]?.focus();
    else
      (
        all('[data-approval]').find((row) => sameId(row.dataset['approval'], closed)) ?? all('[role=tabpanel]')[0]
      )?.focus();
  }, [approval]);
  return page;
}

function sameId(one: string | undefined, other: string | undefined): boolean {
  return one?.toLowerCase() === other?.toLowerCase();
}
