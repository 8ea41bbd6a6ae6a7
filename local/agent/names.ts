/** `VarUtil.ConvertToEnvVariableFormat`: dots and spaces become underscores, all else stays; hyphens too. */
export function environmentName(name: string, preserveCase = false): string {
  const mangled = name.replace(/[. ]/g, '_');
  return preserveCase ? mangled : mangled.toUpperCase();
}

const guid = /^\{?[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\}?$/i;

export function isGuid(text: string): boolean {
  return guid.test(text);
}

/** Variables that a step must not change (agent source `Constants.cs`, `ReadOnlyVariables`). Compared without case. */
export const readOnlyVariables: ReadonlySet<string> = new Set(
  `agent.acceptteeeula agent.builddirectory agent.cloudid agent.containerid agent.containermapping agent.containernetwork
   agent.diagnostic fix_possible_git_out_of_memory_problem agent.gituseschannel agent.homedirectory agent.id
   agent.isselfhosted agent.jobname agent.jobstatus agent.machinename agent.name agent.os agent.osarchitecture
   agent.osversion agent.usebasicauthforproxy agent.proxybypasslist agent.proxypassword agent.proxyurl
   agent.proxyusername agent.readonlyvariables agent.retaindefaultencoding agent.rootdirectory agent.runmode
   agent.serveromdirectory agent.services agent.cainfo agent.clientcert agent.clientcertarchive agent.clientcertkey
   agent.clientcertpassword agent.skipcertvalidation agent.tempdirectory agent.toolsdirectory use_git_long_paths
   use_git_single_thread agent.version agent.workfolder agent.workingdirectory build.artifactstagingdirectory
   build.binariesdirectory build.clean build.definitionname build.gated.runci build.gated.shelvesetname
   build.buildnumber pipeline.repository.name build.repository.clean build.repository.git.submodulecheckout
   build.repository.id build.repository.localpath build.repository.name build.repository.provider
   build.repository.tfvc.workspace build.repository.uri build.sourcebranch build.sourcetfvcshelveset
   build.sourceversion build.sourceversionauthor build.sourceversionmessage build.sourcesdirectory
   build.stagingdirectory build.syncsources build.useserverworkspaces common.testresultsdirectory
   agent.clean.builddirectory agent.source.git.lfs agent.source.git.shallowfetchdepth agent.source.skip
   pipeline.workspace agent.releasedirectory system.artifactsdirectory release.attemptnumber release.disablerobocopy
   release.definitionid release.definitionname release.releasedescription release.artifact.download.buffersize
   release.environmentname release.environmenturi release.releaseid release.releasename
   release.artifact.download.parallellimit release.requestedforid release.releaseuri release.releaseweburl
   release.requestedfor release.robocopymt release.skipartifactsdownload system.accesstoken system.collectionid
   system.culture system.debug system.defaultworkingdirectory system.definitionid system.definitionname
   system.enableaccesstoken system.hosttype system.isazurevm system.isdockercontainer system.jobattempt
   system.jobdisplayname system.jobid system.jobname system.phaseattempt system.phasedisplayname system.phasename
   system.planid system.prefergitfrompath system.pullrequest.targetbranch system.selfmanagegitcreds system.servertype
   system.sourceversionmessage system.stageattempt system.stagedisplayname system.stagename
   system.teamfoundationserveruri system.teamproject system.teamprojectid system.workfolder task.displayname
   task.skiptranslatorforcheckout task.publishtelemetry`
    .split(/\s+/)
    .filter((name) => name !== ''),
);
