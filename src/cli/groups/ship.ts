import type { Verbs } from '../verb.ts';

export const ship: Verbs = {
  image: {
    summary: 'build an OCI image, without a daemon or with one, look into it, push it',
    help: `usage: avian image build --output DIR --copy SRC:DST… --entrypoint CMD [options]
       avian image inspect DIR [--json]
       avian image push DIR REGISTRY/NAME[:TAG] [--record FILE] [--plain-http] [--json]

  -o, --output DIR       where the OCI layout is written
      --copy SRC:DST     a file or folder and its absolute place in the image; one layer each
      --model SRC:DST    the same for the model: last, named by labels with the run that made it
      --entrypoint CMD   what the container starts, split at spaces
      --base BASE        node (Node and the libraries needed, default), scratch or oci:DIR; for an
                         engine any image it can pull, too
      --workdir DIR      absolute
      --env K=V          repeatable
      --expose PORT      repeatable
      --label K=V        repeatable; in a project, commit, pipeline, run and model are labels anyway
      --user UID         default 65532
  -t, --tag NAME         name in the layout's index
      --health-cmd CMD   well is exit status 0
      --health-interval T, --health-timeout T, --health-start-period T, --health-retries N
      --allow-missing LIB  a shared library that may be absent, by file name
      --builder NAME     oci (without a daemon, default), docker, buildah or podman: the same image,
                         which the engine then has as well
  -f, --file FILE        a Dockerfile for an engine, in place of --copy and the like; --base becomes its
                         build argument BASE, --model says what of it is the model
      --context DIR      what the Dockerfile copies from; default the working directory
      --build-arg K=V    repeatable
      --target STAGE     of the Dockerfile
      --network NAME     what its commands reach: host, none or a network of the engine

  push prints REGISTRY/NAME@sha256:…, which is what a deployment is given. Credentials are those of
  docker login and its helpers, and Google's application-default ones for its registries.
      --record FILE      writes the same and more as JSON
      --plain-http       without TLS, and then without credentials`,
    load: async () => (await import('../rare-verbs.ts')).image,
  },
  deploy: {
    summary: 'put an image into service, or ask whether it serves',
    help: `usage: avian deploy <image dir> --name NAME [options]
       avian deploy status [NAME]

      --target local     where it runs (local)
      --port N           0 takes a free port and keeps it for later revisions
      --health PATH      must answer 200 before traffic is switched; default /healthz
      --timeout S        seconds to wait for that; default 60
      --env K=V          repeatable
      --record FILE      writes the deployment's record as JSON`,
    load: async () => (await import('../rare-verbs.ts')).deploy,
  },
  monitoring: {
    summary:
      'objectives, alerts and a dashboard for a service on Cloud Run, as monitoring.yaml says',
    help: `usage: avian monitoring plan [FILE] [options]
       avian monitoring apply [FILE] [options]

Makes Cloud Monitoring what FILE (monitoring.yaml) says: objectives for availability, latency and CPU with alerts on
fast and slow burning, alerts on requests, CPU and bytes that come in, who is told, and a dashboard. Only what carries
avian's labels for this service is changed; what the file no longer says is removed. \`plan\` changes nothing.
Needs Google's client beside avian: npm install @google-cloud/monitoring

      --project ID     goes before what FILE says
      --region REGION  the same
      --exit-code      plan: end with 3 if anything is to be changed
      --json           {"v":1,"applied","changes","actions":[{"action","kind","key",…}]}`,
    load: async () => (await import('../rare-verbs.ts')).monitoring,
  },
  stop: {
    summary: 'stop a deployment',
    help: 'usage: avian stop [deployment]',
    load: async () => (await import('../rare-verbs.ts')).stop,
  },
  rollback: {
    summary: 'put the previous revision of a deployment back into service',
    help: 'usage: avian rollback [deployment]',
    load: async () => (await import('../rare-verbs.ts')).rollback,
  },
};
