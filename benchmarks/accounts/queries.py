"""What the UI asks for, as GraphQL: fewer fields than it asks, the same that grow with accounts."""

from __future__ import annotations

WORKSPACE = """{ workspaceOrError { ... on Workspace { locationEntries {
  id name loadStatus locationOrLoadError { ... on RepositoryLocation { id name repositories {
    id name
    jobs { id name isAssetJob tags { key value } }
    schedules { id name pipelineName }
    sensors { id name minIntervalSeconds sensorState { id status }
      targets { pipelineName } assetSelection { assetSelectionString } }
    assetGroups { id groupName assetKeys { path } }
    partitionSets { id name pipelineName }
  } } } } } } }"""

ASSETS = """{ assetNodes { id assetKey { path } groupName kinds opNames jobNames computeKind
  description isPartitioned isExecutable isMaterializable isObservable hasAssetChecks
  dependencyKeys { path } dependedByKeys { path } tags { key value } pools
  partitionDefinition { name type } internalFreshnessPolicy { __typename }
  repository { id name location { id name } } } }"""

ASSET = """query($key: AssetKeyInput!) { assetNodeOrError(assetKey: $key) { ... on AssetNode {
  id partitionStats { numMaterialized numPartitions numFailed numMaterializing }
  partitionKeysByDimension { name type partitionKeys }
  assetPartitionStatuses { __typename
    ... on TimePartitionStatuses { ranges { startKey endKey status } }
    ... on DefaultPartitionStatuses { materializedPartitions failedPartitions }
    ... on MultiPartitionStatuses { primaryDimensionName ranges { primaryDimStartKey
      primaryDimEndKey secondaryDim { ... on TimePartitionStatuses { ranges { startKey endKey } }
        ... on DefaultPartitionStatuses { materializedPartitions } } } } } } } }"""

HEALTH = """query($keys: [AssetKeyInput!]!) { assetsOrError(assetKeys: $keys) {
  ... on AssetConnection { nodes { id key { path }
    assetHealth { assetHealth materializationStatus freshnessStatus } } } } }"""

BACKFILL = """mutation($params: LaunchBackfillParams!) {
  launchPartitionBackfill(backfillParams: $params) { __typename
    ... on LaunchBackfillSuccess { backfillId } ... on PythonError { message } } }"""
