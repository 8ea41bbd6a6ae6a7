import { tagged } from '../shape/collections';
import { record, type Fields, type Spelling } from '../shape/record';
import { lazy, type Shape } from '../shape/shape';
import { imageTasks } from './image';
import { tableTasks } from './table';
import { textTasks } from './text';

/**
 * An AutoML job or node, by its `task`.
 *
 * @param spelling `camel`: members as in the request's task details; `yaml`: as nodes of pipelines have them
 * @param common fields beside those of the task: they stand in the same map of the file
 */
export function automlTask(spelling: Spelling, common: Fields): Shape<Record<string, unknown>> {
  return lazy(() => {
    const tasks = { ...tableTasks(spelling), ...imageTasks(spelling), ...textTasks(spelling) };
    return tagged<Record<string, unknown>>(
      'task',
      Object.fromEntries(Object.entries(tasks).map(([name, own]) => [name, record({ ...common, ...own }, spelling)])),
    );
  });
}
