import type { Command } from './command';

export function overview(commands: Command[]): string {
  const shown = commands.filter((one) => !one.hidden);
  const width = Math.max(...shown.map((one) => one.name.length));
  return [
    'mlops: machine-learning pipelines on this machine, with stand-ins for Azure and Azure DevOps',
    '',
    'Usage: mlops COMMAND [OPTIONS]',
    '',
    ...shown.map((one) => `  ${one.name.padEnd(width)}  ${one.summary}`),
    '',
    'mlops help COMMAND tells more.',
  ].join('\n');
}

export function commandHelp(command: Command): string {
  const rows = Object.entries(command.help).map(([option, text]) => [`--${option}`, text] as const);
  const width = Math.max(0, ...rows.map(([option]) => option.length));
  return [
    `${command.summary}.`,
    '',
    `Usage: mlops ${command.name}${command.usage === '' ? '' : ` ${command.usage}`}${rows.length === 0 ? '' : ' [OPTIONS]'}`,
    '',
    ...rows.map(([option, text]) => `  ${option.padEnd(width)}  ${text}`),
  ].join('\n');
}
