import 'azure-devops-ui/Core/override.css';
import './app.css';
import { notifyManager, useIsFetching, useQueryClient } from '@tanstack/react-query';
import { Button } from 'azure-devops-ui/Button';
import { CustomHeader, HeaderTitleArea } from 'azure-devops-ui/Header';
import { Page } from 'azure-devops-ui/Page';
import { Surface, SurfaceBackground } from 'azure-devops-ui/Surface';
import { Tab, TabBadge, TabBar, TabSize } from 'azure-devops-ui/Tabs';
import { Suspense, useEffect, useRef, useState, type ComponentType, type ReactNode, type RefObject } from 'react';
import { displayText } from '../components/display-text';
import { absoluteTime } from '../components/time';
import { useThrottled } from '../data/context';
import { SkeletonRows } from '../components/SkeletonRows';
import { Boundary } from './boundary';
import { useNavigate } from './navigate';
import { useHost } from './providers';
import { useUrlState } from './url-state';
import { titleOf, viewOf, type View } from './views';

export interface ShellProps {
  pages: Readonly<Record<View, ComponentType>>;
  /** How many approvals wait for the viewer; asked only after the first page has what it needs. */
  useApprovalCount: () => number | undefined;
}

/** Frame of the models hub: heading, tabs, and the page that the address names. */
export function Shell({ pages, useApprovalCount }: ShellProps) {
  const { params } = useUrlState();
  const view = viewOf(params);
  const title = displayText(titleOf(view, params));
  const heading = useHeading(`${view} ${title}`, title);
  const content = useRef<HTMLDivElement>(null);
  const CurrentPage = pages[view];
  return (
    <Surface background={SurfaceBackground.neutral}>
      <Page className="hub-page flex-grow">
        <SkipLink to={content} />
        <PageHeader title={title} heading={heading} />
        <ViewTabs view={view} useApprovalCount={useApprovalCount} />
        <ThrottleNote />
        <div
          ref={content}
          tabIndex={-1}
          role="tabpanel"
          aria-label={title}
          className="hub-content page-content page-content-top"
        >
          <PageFrame key={view} advice="The other pages work.">
            <CurrentPage />
          </PageFrame>
        </div>
      </Page>
    </Surface>
  );
}

/** Frame of a page that stands alone: the tab on a run, the settings. */
export function SinglePage({ title, children }: { title: string; children: ReactNode }) {
  const heading = useHeading(title, title);
  return (
    <Surface background={SurfaceBackground.neutral}>
      <Page className="hub-page flex-grow">
        <PageHeader title={title} heading={heading} />
        <div className="hub-content page-content page-content-top">
          <PageFrame advice="The rest of Azure DevOps works.">{children}</PageFrame>
        </div>
      </Page>
    </Surface>
  );
}

/** What breaks inside is said in its place, and forgotten once the address names something else. */
function PageFrame({ advice, children }: { advice: string; children: ReactNode }) {
  const queries = useQueryClient();
  const { params } = useUrlState();
  return (
    <Boundary
      what="This page"
      advice={advice}
      resetKey={params}
      onRetry={() => void queries.resetQueries({ predicate: ({ state }) => state.status === 'error' })}
    >
      <Suspense fallback={<SkeletonRows rows={6} label="Loading the page" />}>{children}</Suspense>
    </Boundary>
  );
}

/** Title of the document, and focus on the heading when another view was opened: a screen reader says where one is. */
function useHeading(key: string, title: string): RefObject<HTMLHeadingElement> {
  const host = useHost();
  const heading = useRef<HTMLHeadingElement>(null);
  const shown = useRef(key);
  useEffect(() => {
    document.title = title;
    // A host that cannot show the title leaves its own: nothing of the page depends on it.
    host.navigation.setDocumentTitle(title).catch(() => undefined);
    if (shown.current !== key) heading.current?.focus();
    shown.current = key;
  }, [host, key, title]);
  return heading;
}

/** Why nothing moves while the service asks us to wait. */
function ThrottleNote() {
  const until = useThrottled();
  return (
    <div role="status" className="hub-note">
      {until !== undefined &&
        `Azure DevOps asks for fewer requests; the page goes on by itself at ${absoluteTime(until.getTime())}.`}
    </div>
  );
}

function PageHeader({ title, heading }: { title: string; heading: RefObject<HTMLHeadingElement> }) {
  return (
    <CustomHeader className="hub-header">
      <HeaderTitleArea>
        <h1 ref={heading} tabIndex={-1} className="hub-heading title-m" title={title}>
          {title}
        </h1>
      </HeaderTitleArea>
      <RefreshButton />
    </CustomHeader>
  );
}

function RefreshButton() {
  const queries = useQueryClient();
  const busy = useIsFetching() > 0;
  return (
    <>
      <span role="status" className="hub-only-read">
        {busy ? 'Loading' : ''}
      </span>
      <Button
        subtle
        iconProps={{ iconName: 'Refresh', className: busy ? 'hub-turning' : undefined }}
        text="Refresh"
        onClick={() => void queries.invalidateQueries()}
      />
    </>
  );
}

function SkipLink({ to }: { to: RefObject<HTMLElement> }) {
  return (
    <button type="button" className="hub-skip" onClick={() => to.current?.focus()}>
      Skip to content
    </button>
  );
}

function ViewTabs({ view, useApprovalCount }: { view: View; useApprovalCount: ShellProps['useApprovalCount'] }) {
  const { open } = useNavigate();
  const [waiting, setWaiting] = useState(0);
  const settled = useSettled();
  return (
    <>
      {settled && (
        <Boundary what="The number of approvals that wait for you" advice="The pages work.">
          <ApprovalCount useApprovalCount={useApprovalCount} onCount={setWaiting} />
        </Boundary>
      )}
      <TabBar
        ariaLabel="Views"
        className="hub-tabs"
        disableSticky
        tabSize={TabSize.Compact}
        selectedTabId={view === 'version' ? 'models' : view}
        onSelectedTabChanged={(id) => open(viewOf({ view: id }))}
      >
        <Tab id="models" name="Models" />
        {view === 'compare' && <Tab id="compare" name="Compare" />}
        <Tab id="deployments" name="Deployments" />
        <Tab id="approvals" name="Approvals" renderBadge={waiting === 0 ? undefined : () => waitingBadge(waiting)} />
        <Tab id="delivery" name="Delivery" />
      </TabBar>
    </>
  );
}

/** The number for the eye, the sentence for the ear: both are the tab's name. */
function waitingBadge(count: number): ReactNode {
  return (
    <TabBadge>
      {count}
      <span className="hub-only-read"> waiting for you</span>
    </TabBadge>
  );
}

/** Whether the first page has what it asked for: until then its requests have the line for themselves. */
function useSettled(): boolean {
  const queries = useQueryClient();
  const [settled, setSettled] = useState(false);
  useEffect(() => {
    const cache = queries.getQueryCache();
    const check = (): void => {
      const all = cache.getAll().map(({ state }) => state);
      const idle = all.every(({ fetchStatus }) => fetchStatus === 'idle');
      if (idle && all.some(({ status }) => status !== 'pending')) setSettled(true);
    };
    check();
    return cache.subscribe(notifyManager.batchCalls(check));
  }, [queries]);
  return settled;
}

interface ApprovalCountProps {
  useApprovalCount: ShellProps['useApprovalCount'];
  onCount: (count: number) => void;
}

function ApprovalCount({ useApprovalCount, onCount }: ApprovalCountProps) {
  const count = useApprovalCount() ?? 0;
  useEffect(() => onCount(count), [count, onCount]);
  return null;
}
