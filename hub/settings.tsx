import { lazyPage } from './app/lazy-page';
import { SinglePage } from './app/shell';
import { start } from './app/start';

const Page = lazyPage(() => import('./pages/settings'));

start(
  <SinglePage title="Settings of models">
    <Page />
  </SinglePage>,
);
