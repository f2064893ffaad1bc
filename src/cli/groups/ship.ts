import type { Verbs } from '../verb.ts';

const PLACE = `      --project ID         of Google Cloud; else the environment's, else that of the last time
      --region REGION      likewise
      --endpoint URL       another address than Google's, for an emulator`;

const TRAFFIC = `      --steps PERCENTS     of the requests, one after the other; default 5,50,100
      --soak S             how long each step is watched; default 15s
      --traffic-tag TAG    of the URL that leads to the new revision alone; default candidate
      --probe PATH         what is asked before and after each step; default /
  -F, --form FIELD=@FILE   sent to it as a form: a file, or each file of a folder; repeatable
      --slo OBJECTIVE      of what is seen while asking: 'p95<=500ms', 'error-rate<=1%', mean, p50, p99;
                           repeatable; by default no request may fail`;

const GATES = `
What has to hold before anything is promoted:
      --gate FILE:METRIC>=N     a number of a metrics file; repeatable
      --drift FILE         a verdict on drift that says no
      --override REASON    go on although a gate does not hold; the reason is recorded`;

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
    help: `usage: avian deploy <image> --name NAME [options]
       avian deploy status [NAME]

An image is a folder as \`avian image build\` writes it, or HOST/NAME@sha256:… as \`avian image push\`
prints it.

      --target local|docker|cloud-run   default local: a supervised process; docker: a container
      --port N             0 takes a free port and keeps it for later revisions; on Cloud Run the
                           container's, default 8080
      --health PATH        must answer 200 before traffic is switched; default /readyz
      --timeout S          how long to wait for that; default 60, on Cloud Run 240
      --env K=V            repeatable
      --engine docker|podman    of target docker; else the first of them on PATH
      --record FILE        writes the deployment's record as JSON
${GATES}

On Cloud Run, where nothing is done that was done before:
${PLACE}
      --repository REPO    where the image folder was pushed to: HOST/NAME
      --cpu N              default 1
      --memory SIZE        default 512Mi
      --concurrency N      requests that an instance answers at once; default 80
      --min-instances N    default 0
      --max-instances N    default 10
      --secret K=S:V       an environment variable out of Secret Manager: secret and version; repeatable
      --service-account EMAIL   what the service runs as
      --ingress all|internal|internal-and-cloud-load-balancing
      --allow-unauthenticated   everybody may call it; --no-allow-unauthenticated takes it back
      --no-traffic         a revision without requests, for \`avian rollout promote\`
      --monitoring FILE    objectives, alerts and a dashboard, as \`avian monitoring apply FILE\` makes them
${TRAFFIC}`,
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
  rollout: {
    summary: 'who gets which requests: look, promote a revision, or go back',
    help: `usage: avian rollout status [deployment] [--json]
       avian rollout promote [deployment] [options]
       avian rollout rollback [deployment] [options]

Without --target, --project and --region it is where the deployment was put last.
promote gives traffic to the newest revision that is ready; rollback gives all of it back to the one
that served before, at once.

      --target local|docker|cloud-run
      --revision REVISION  another one
      --json               of status
      --timeout S          of promote: how long the service may take to answer at all
${PLACE}
${TRAFFIC}
${GATES}`,
    load: async () => (await import('../rare-verbs.ts')).rollout,
  },
  stop: {
    summary: 'stop a deployment',
    help: 'usage: avian stop [deployment]',
    load: async () => (await import('../rare-verbs.ts')).stop,
  },
  rollback: {
    summary: 'put the previous revision of a deployment back into service',
    help: 'usage: avian rollback [deployment]\n\nAs `avian rollout rollback`.',
    load: async () => (await import('../rare-verbs.ts')).rollback,
  },
};
