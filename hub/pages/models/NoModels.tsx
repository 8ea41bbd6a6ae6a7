import { EmptyState } from '../../components/EmptyState';

const yaml = `- task: RegisterModel@0
  name: model
  inputs:
    azureSubscription: $(serviceConnection)
    resourceGroup: $(resourceGroup)
    workspace: $(workspace)
    modelName: my-model
    job: $(submit.jobName)
    path: model
    modelType: mlflow_model`;

export function NoModels() {
  return (
    <EmptyState title="No models yet" yaml={yaml}>
      A model appears here when a pipeline that you may see has registered one. Add this task to a pipeline, after the
      one that trains.
    </EmptyState>
  );
}

export function NothingMatches({ isComplete }: { isComplete: boolean }) {
  return (
    <EmptyState title="No model matches the filters">
      {isComplete
        ? 'Change or clear the filters to see the others.'
        : 'Change or clear the filters, or load more: only what was loaded is searched.'}
    </EmptyState>
  );
}
