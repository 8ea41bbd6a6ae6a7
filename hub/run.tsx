import { lazyPage } from './app/lazy-page';
import { SinglePage } from './app/shell';
import { start } from './app/start';

const Page = lazyPage(() => import('./pages/run'));

start(
  <SinglePage title="Model">
    <Page />
  </SinglePage>,
);
