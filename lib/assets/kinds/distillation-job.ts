import { asProperties, promptSettings, teacherConnection, teacherSettings } from '../parts/distillation';
import { examples, fineTuningApiVersion, hyperparameterTexts, modelOrReference } from '../parts/finetuning';
import { defaultExperiment, namedJobFields } from '../parts/job';
import { jobOutputs } from '../parts/outputs';
import { mapOf } from '../shape/collections';
import { dropped, optional, record, required, withDefault } from '../shape/record';
import { anything, exactly, integer, text, words } from '../shape/scalars';
import { refine } from '../shape/shape';
import { kind } from './kind';

const fields = record({
  ...namedJobFields,
  type: required(exactly('distillation'), { as: '' }),
  // The service chooses its machines by the models.
  compute: dropped(text),
  data_generation_type: required(words('label_generation', 'data_generation')),
  data_generation_task_type: required(words('NLI', 'NLU_QA', 'CONVERSATION', 'MATH', 'SUMMARIZATION')),
  teacher_model_endpoint_connection: required(teacherConnection),
  student_model: required(modelOrReference),
  training_data: optional(examples),
  validation_data: optional(examples),
  teacher_model_settings: optional(teacherSettings),
  prompt_settings: optional(promptSettings),
  hyperparameters: optional(hyperparameterTexts),
  resources: optional(
    record({ instance_type: optional(text), instance_count: optional(integer), properties: optional(mapOf(anything)) }),
  ),
  outputs: withDefault(jobOutputs, () => ({})),
});

/** `az ml job create`, type distillation. Body: Jobs_CreateOrUpdate, FineTuningJob. */
export const distillationJob = kind({
  name: 'distillation job',
  schemas: ['distillationJob.schema.json'],
  signs: { type: ['distillation'], keys: ['teacher_model_endpoint_connection'] },
  shape: refine(fields, (job, at) => {
    if (job.dataGenerationType === 'label_generation') {
      at.required('training_data');
      at.required('validation_data');
    }
    const { dataGenerationType, dataGenerationTaskType, teacherModelEndpointConnection, ...rest } = job;
    const { teacherModelSettings, promptSettings: prompt, resources, properties, ...others } = rest;
    const { studentModel, trainingData, validationData, hyperparameters, ...own } = others;
    return {
      ...own,
      properties: {
        ...properties,
        'azureml.enable_distillation': 'True',
        'azureml.data_generation_type': dataGenerationType,
        'azureml.data_generation_task_type': dataGenerationTaskType,
        'azureml.teacher_model.endpoint_name': teacherModelEndpointConnection.name,
        'azureml.connection_information': teacherModelEndpointConnection.information,
        ...asProperties('azureml', prompt),
        ...asProperties('azureml.teacher_model', teacherModelSettings?.inference_parameters),
        ...asProperties('azureml', teacherModelSettings?.endpoint_request_settings),
        ...asProperties('azureml.instance_type', { data_generation: resources?.instanceType }),
      },
      fineTuningDetails: {
        taskType: 'ChatCompletion',
        model: studentModel,
        modelProvider: 'Custom',
        trainingData,
        validationData,
        hyperParameters: hyperparameters,
      },
    };
  }),
  resource: ({ name: own, ...job }, scope, name) => ({
    path: `${scope.workspaceId}/jobs/${own ?? name}`,
    body: {
      properties: {
        jobType: 'FineTuning',
        ...job,
        displayName: job.displayName ?? own ?? name,
        experimentName: job.experimentName ?? defaultExperiment(scope.folder),
        isArchived: false,
      },
    },
    apiVersion: fineTuningApiVersion,
  }),
});
