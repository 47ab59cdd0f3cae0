/** One replacement in a file of the sample repo; `from` must occur exactly once. */
export interface SampleEdit {
  readonly file: string;
  readonly from: string;
  readonly to: string;
}

/** One commit of the sample repo's history. */
export interface SampleCommit {
  readonly author: keyof typeof sampleAuthors;
  readonly hoursAgo: number;
  readonly message: string;
  /** files or folders of `tree/` that it adds */
  readonly add?: readonly string[];
  /** what the added files said at first */
  readonly atFirst?: readonly SampleEdit[];
  readonly edits?: readonly SampleEdit[];
}

/** Who wrote the sample repo. */
export const sampleAuthors = {
  mara: 'Mara Lindqvist',
  jonas: 'Jonas Okafor',
  priya: 'Priya Raman',
  hana: 'Hana Sato',
} as const;

const day = 24;
const storefront = (environment: string): string => `apps/storefront/${environment}/storefront.yaml`;
const image = (environment: string, from: string, to: string): SampleEdit => ({
  file: storefront(environment),
  from: `storefront:${from}`,
  to: `storefront:${to}`,
});

/** The commits that are deployed, oldest first. Together they leave exactly `tree/`. */
export const deployedCommits: readonly SampleCommit[] = [
  {
    author: 'mara',
    hoursAgo: 64 * day,
    message: 'Lay out the config repo',
    add: ['README.md', '.gitignore', 'platform/namespaces.yaml', 'platform/rbac.yaml'],
  },
  {
    author: 'jonas',
    hoursAgo: 61 * day,
    message: 'Deploy the storefront to all environments',
    add: ['apps/storefront/dev', 'apps/storefront/staging', 'apps/storefront/prod/storefront.yaml', 'apps/storefront/prod/resizer.yaml'],
    atFirst: [
      image('dev', '4.11.0', '4.10.2'),
      image('staging', '4.11.0', '4.10.2'),
      image('prod', '4.11.0', '4.10.2'),
      { file: storefront('prod'), from: 'replicas: 4', to: 'replicas: 3' },
    ],
  },
  { author: 'mara', hoursAgo: 52 * day, message: 'Move the catalog to a Kustomize base with overlays', add: ['apps/catalog'] },
  {
    author: 'priya',
    hoursAgo: 45 * day,
    message: 'Add the checkout chart with its cache',
    add: ['apps/checkout'],
    atFirst: [{ file: 'apps/checkout/values-prod.yaml', from: '  replicas: 3', to: '  replicas: 2' }],
  },
  {
    author: 'priya',
    hoursAgo: 31 * day,
    message: 'Run three checkout workers in production\n\nTwo of them were busy all Saturday.',
    edits: [{ file: 'apps/checkout/values-prod.yaml', from: '  replicas: 2', to: '  replicas: 3' }],
  },
  {
    author: 'hana',
    hoursAgo: 20 * day,
    message: 'Let marketing run price campaigns',
    add: ['platform/campaigns.crd.yaml', 'apps/storefront/prod/campaigns.yaml', 'experiments'],
  },
  {
    author: 'jonas',
    hoursAgo: 12 * day,
    message: 'Guard the storefront: disruption budget, network policy, a fourth replica',
    add: ['apps/storefront/prod/policies.yaml'],
    edits: [{ file: storefront('prod'), from: 'replicas: 3', to: 'replicas: 4' }],
  },
  { author: 'hana', hoursAgo: 6 * day, message: 'Try recommendations in dev and staging', add: ['apps/recommendations'] },
  { author: 'mara', hoursAgo: 4 * day, message: 'Say which folder belongs to which cluster', add: ['plumbline.yaml'] },
  {
    author: 'jonas',
    hoursAgo: day + 3,
    message: 'Release storefront 4.11.0 everywhere',
    edits: [image('dev', '4.10.2', '4.11.0'), image('staging', '4.10.2', '4.11.0'), image('prod', '4.10.2', '4.11.0')],
  },
];

/** The commits that are pushed and not applied yet. */
export const pendingCommits: readonly SampleCommit[] = [
  {
    author: 'jonas',
    hoursAgo: 3,
    message: 'Release storefront 4.12.0 to staging and production',
    edits: [image('staging', '4.11.0', '4.12.0'), image('prod', '4.11.0', '4.12.0')],
  },
  {
    author: 'priya',
    hoursAgo: 1,
    message: 'Give the staging cache more room',
    edits: [
      {
        file: 'apps/checkout/values-staging.yaml',
        from: 'replicas: 2\n',
        to: 'replicas: 2\n\ncache:\n  memory: 128Mi\n',
      },
    ],
  },
];
