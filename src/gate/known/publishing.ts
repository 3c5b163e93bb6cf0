/**
 * What gives something to others, by what it gives. `package`: a registry of packages or a shop; `image`: a registry of containers;
 * `release`: files beside a tag; `site`: pages; `deployment`: what then runs. By how each program and
 * action is commonly used (2026-11), not held against each one's documentation; `taint/publication.yaml` says which forms are tried.
 */
export type PublicationKind = 'package' | 'image' | 'release' | 'site' | 'deployment';

function table(rows: Readonly<Record<PublicationKind, string>>): ReadonlyMap<string, PublicationKind> {
  const kinds = Object.keys(rows) as readonly PublicationKind[];
  return new Map(
    kinds.flatMap((kind) =>
      rows[kind]
        .trim()
        .split(/\s+/)
        .map((name) => [name, kind] as const),
    ),
  );
}

/** Actions that publish whenever they run. */
export const PUBLISHING_ACTIONS = table({
  package: `pypa/gh-action-pypi-publish js-devtools/npm-publish changesets/action rubygems/release-gem katyo/publish-crates
    cycjimmy/semantic-release-action codfish/semantic-release-action python-semantic-release/python-semantic-release
    nearform-actions/optic-release-automation-action dawidd6/action-publish-gem
    cadwallion/publish-rubygems-action k-paxian/dart-package-publisher synchronal/hex-publish-action
    haaleo/publish-vscode-extension lannonbr/vsce-action mnao305/chrome-extension-upload plasmohq/bpp wdzeng/edge-addon
    trmcnvn/chrome-addon trmcnvn/firefox-addon r0adkll/upload-google-play
    apple-actions/upload-testflight-build snapcore/action-publish vedantmgoyal9/winget-releaser
    vedantmgoyal2009/winget-releaser mislav/bump-homebrew-formula-action dawidd6/action-homebrew-bump-formula
    dawidd6/action-homebrew-bump-cask brandedoutcast/publish-nuget rohith/publish-nuget alirezanet/publish-nuget     julia-actions/registeraction     helm/chart-releaser-action `,
  image: `redhat-actions/push-to-registry elgohr/publish-docker-github-action mr-smithers-excellent/docker-build-push
    philips-software/docker-ci-scripts`,
  release: `softprops/action-gh-release ncipollo/release-action goreleaser/goreleaser-action actions/create-release
    actions/upload-release-asset svenstaro/upload-release-action marvinpinto/action-automatic-releases
    xresloader/upload-to-github-release alexellis/upload-assets shogo82148/actions-upload-release-asset
    wangyoucao577/go-release-action taiki-e/upload-rust-binary-action taiki-e/create-gh-release-action
    rust-build/rust-build.action houseabsolute/actions-rust-release elgohr/github-release-action
    eregon/publish-release jreleaser/release-action marcoieni/release-plz-action
    akkuman/gitea-release-action     cli/gh-extension-precompile samuelmeuli/action-electron-builder csexton/release-asset-action skx/github-action-publish-binaries`,
  site: `actions/deploy-pages jamesives/github-pages-deploy-action peaceiris/actions-gh-pages crazy-max/ghaction-github-pages
    cloudflare/pages-action nwtgck/actions-netlify firebaseextended/action-hosting-deploy amondnet/vercel-action
    azure/static-web-apps-deploy samkirkland/ftp-deploy-action
    helaili/jekyll-action jakejarvis/s3-sync-action burnett01/rsync-deployments`,
  deployment: `azure/webapps-deploy azure/functions-action azure/k8s-deploy azure/container-apps-deploy-action azure/arm-deploy
    aws-actions/amazon-ecs-deploy-task-definition aws-actions/aws-lambda-deploy
    aws-actions/aws-cloudformation-github-deploy google-github-actions/deploy-cloudrun google-github-actions/deploy-appengine
    google-github-actions/deploy-cloud-functions google-github-actions/upload-cloud-storage     digitalocean/app_action akhileshns/heroku-deploy easingthemes/ssh-deploy appleboy/scp-action     einaregilsson/beanstalk-deploy w9jds/firebase-action     serverless/github-action
    wlixcc/sftp-deploy-action dokku/github-action `,
});

/** Actions that publish when an input says so. */
export const PUBLISHING_INPUTS: Readonly<
  Record<string, { readonly kind: PublicationKind; readonly input: string; readonly like: RegExp }>
> = {
  'docker/build-push-action': { kind: 'image', input: 'push', like: /^(?!false$)./ },
  'docker/bake-action': { kind: 'image', input: 'push', like: /^(?!false$)./ },
  'depot/build-push-action': { kind: 'image', input: 'push', like: /^(?!false$)./ },
  'depot/bake-action': { kind: 'image', input: 'push', like: /^(?!false$)./ },
  'aevea/action-kaniko': { kind: 'image', input: 'registry', like: /./ },
  'int128/kaniko-action': { kind: 'image', input: 'push', like: /^(?!false$)./ },
  'tauri-apps/tauri-action': { kind: 'release', input: 'tagname', like: /./ },
  'cloudflare/wrangler-action': { kind: 'deployment', input: 'command', like: /\b(?:deploy|publish)\b/ },
  'pulumi/actions': { kind: 'deployment', input: 'command', like: /^(?:up|update|destroy)$/ },
  'pyo3/maturin-action': { kind: 'package', input: 'command', like: /^(?:publish|upload)$/ },
  'messense/maturin-action': { kind: 'package', input: 'command', like: /^(?:publish|upload)$/ },
  'borales/actions-yarn': { kind: 'package', input: 'cmd', like: /\bpublish\b/ },
  'actions-rs/cargo': { kind: 'package', input: 'command', like: /^publish$/ },
  'gradle/gradle-build-action': { kind: 'package', input: 'arguments', like: /\bpublish(?!ToMavenLocal)/ },
  'gradle/actions': { kind: 'package', input: 'arguments', like: /\bpublish(?!ToMavenLocal)/ },
  'maierj/fastlane-action': { kind: 'package', input: 'lane', like: /release|deploy|beta|upload|store/i },
  'helmfile/helmfile-action': { kind: 'deployment', input: 'helmfile-args', like: /\b(?:apply|sync)\b/ },
};

/** Workflows elsewhere that publish what they make. */
export const PUBLISHING_WORKFLOWS: ReadonlyMap<string, PublicationKind> = new Map([
  ['dart-lang/setup-dart', 'package'],
  ['slsa-framework/slsa-github-generator', 'release'],
] as const);

/**
 * Programs, and the first of their words that are no options. A word that begins with `~` is a pattern, and may stand at any place;
 * an empty list stands for the program alone, whatever it is given.
 */
const FORMS: Readonly<Record<PublicationKind, string>> = {
  package: `
    npm publish | npm stage publish | pnpm ~^publish$ | yarn publish | yarn npm publish | yarn ~^npm$ ~^publish$ | bun publish
    lerna publish | changeset publish | semantic-release | release-it | np | auto shipit | nx release | nx ~publish | rush publish
    jsr publish | deno publish | multi-semantic-release | beachball publish | monodeploy
    twine upload | uv publish | poetry publish | hatch publish | flit publish | pdm publish | maturin publish | maturin upload
    python ~^setup\\.py$ ~^upload$ | anaconda ~^upload$ | rattler-build upload
    cargo publish | cargo workspaces publish | cargo ws publish | cargo release | cargo-release | cargo smart-release | release-plz release
    gem push | rake release | bundle exec rake release | bundle exec gem push
    dotnet nuget push | nuget push | dotnet paket push | paket push
    mvn ~^(?:deploy|release:perform|nexus-staging:(?:deploy|release)|jreleaser:.*|central-publishing:publish)$
    mvnw ~^(?:deploy|release:perform|nexus-staging:(?:deploy|release)|jreleaser:.*|central-publishing:publish)$
    gradle ~(?:^|:)(?:publish(?!ToMavenLocal)\\w*|uploadArchives|closeAndRelease\\w*|jreleaser\\w+)$
    gradlew ~(?:^|:)(?:publish(?!ToMavenLocal)\\w*|uploadArchives|closeAndRelease\\w*|jreleaser\\w+)$
    sbt ~\\b(?:publish(?:Signed)?|ci-release|sonatype\\w+)$ | mill ~publish | lein deploy | clojure ~deploy
    mix hex.publish | rebar3 hex publish | cabal upload | stack upload | dart pub publish | flutter pub publish | pub publish
    pod trunk push | pod repo push | luarocks upload | cpan-upload | nimble publish | opam publish | opam-publish | jf rt upload | jfrog rt upload
    vsce publish | ovsx publish | web-ext sign | chrome-webstore-upload | tfx ~publish | fastlane ~(?:release|deploy|beta|deliver|pilot|supply|upload)
    eas submit | eas update | snapcraft upload | snapcraft push | choco push | wingetcreate submit | wingetcreate update | dput
    cloudsmith push | gemfury push | fury push | cr upload | helm push | helm s3 push | helm cm-push | brew bump-formula-pr | xcrun altool`,
  image: `
    docker push | docker image push | docker compose push | docker-compose push | podman push | podman manifest push | buildah push | buildah manifest push
    skopeo copy | crane push | crane copy | regctl image copy | oras push | nerdctl push | img push | ko build | ko publish | ko resolve | ko apply
    mvn ~^(?:jib:build|com\\.google\\.cloud\\.tools:jib.*:build|spring-boot:build-image)$ | gradle ~(?:^|:)jib$ | gradlew ~(?:^|:)jib$ | mvnw ~^jib:build$
    executor ~^--(?:destination|context) | docker manifest push | pack build ~^--publish$ | az acr build | apko publish`,
  release: `
    gh release create | gh release upload | hub release create | hub release edit | glab release create | tea release create | ghr | goreleaser release
    github-release | jreleaser release | jreleaser full-release | electron-builder ~^(?:-p|--publish) | tauri ~publish | dist host | cargo dist host | cargo-dist host`,
  site: `
    gh-pages | netlify deploy | ntl deploy | vercel | now | surge | wrangler pages publish | wrangler pages deploy | mkdocs gh-deploy | mike deploy
    firebase deploy | ghp-import | angular-cli-ghpages | docusaurus deploy | ng deploy`,
  deployment: `
    kubectl apply | kubectl set image | kubectl rollout restart | kubectl replace | kubectl patch | oc apply | oc rollout
    helm upgrade | helm install | helmfile apply | helmfile sync | argocd app sync | argocd app set | flux reconcile | kapp deploy
    terraform apply | terraform destroy | tofu apply | terragrunt apply | terragrunt run-all apply | pulumi up | pulumi update | ansible-playbook
    cdk deploy | cdktf deploy | sam deploy | serverless deploy | sls deploy | eb deploy | copilot deploy | chalice deploy | zappa update
    aws s3 cp | aws s3 sync | aws s3api put-object | aws ecs update-service | aws lambda update-function-code | aws lambda publish-version
    aws cloudformation deploy | aws deploy create-deployment | aws elasticbeanstalk update-environment | aws amplify start-deployment | aws apprunner start-deployment
    gcloud run deploy | gcloud app deploy | gcloud functions deploy | gcloud deploy releases create | gcloud storage cp | gcloud storage rsync | gcloud beta run deploy
    gsutil cp | gsutil rsync | gsutil ~^(?:cp|rsync)$
    az webapp up | az webapp deploy | az webapp deployment | az functionapp deployment | az functionapp deploy | az containerapp up | az containerapp update
    az storage blob upload | az storage blob upload-batch | az deployment group create | az staticwebapp deploy
    wrangler deploy | wrangler publish | fly deploy | flyctl deploy | heroku container:push | heroku container:release | railway up | doctl apps create-deployment
    doctl apps update | kamal deploy | cap ~^deploy | dep deploy | dokku git:from-image | nomad job run | nomad run | cf push | waypoint up
    rsync ~^(?:[\\w.$\\{\\}-]+@)?[\\w.$\\{\\}-]+: | scp ~^(?:[\\w.$\\{\\}-]+@)?[\\w.$\\{\\}-]+: | rclone copy | rclone sync | s3cmd sync | s3cmd put | lftp | ncftpput`,
};

export interface PublishingForm {
  readonly kind: PublicationKind;
  /** The first words that are no options, in order. */
  readonly words: readonly string[];
  /** Words that stand anywhere. */
  readonly anywhere: readonly RegExp[];
}

/** By program. */
export const PUBLISHING_COMMANDS: ReadonlyMap<string, readonly PublishingForm[]> = formsOf();

function formsOf(): ReadonlyMap<string, readonly PublishingForm[]> {
  const all = new Map<string, PublishingForm[]>();
  for (const kind of Object.keys(FORMS) as readonly PublicationKind[])
    for (const line of FORMS[kind].split(/\n|\s\|\s/)) {
      const [program, ...rest] = line.trim().split(/\s+/);
      if (program === undefined || program === '') continue;
      const form = {
        kind,
        words: rest.filter((word) => !word.startsWith('~')),
        anywhere: rest.flatMap((word) => (word.startsWith('~') ? [new RegExp(word.slice(1))] : [])),
      };
      const known = all.get(program);
      if (known === undefined) all.set(program, [form]);
      else known.push(form);
    }
  return all;
}
