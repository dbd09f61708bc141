"""The table of programs that do something to others (`program`): versions, deployments, services
and machines. `packages` has the rest.
"""

from __future__ import annotations

from coord.client.shell.program import Program

_GIT_VALUES = (
    "-c --exec-path --namespace --super-prefix --config-env --attr-source --list-cmds -m --message"
    " -F --file --author --date --strategy --strategy-option --onto --exec -o --push-option"
    " --receive-pack --repo --cleanup --fixup --squash --trailer --template"
)
_GIT_FLAGS = (
    "-p -P --paginate --no-pager --bare --no-replace-objects --literal-pathspecs --glob-pathspecs"
    " --noglob-pathspecs --icase-pathspecs --no-optional-locks --no-lazy-fetch --no-advice"
    " --html-path --man-path --info-path"
)
_KUBECTL = (
    "-n --namespace --context --cluster --user --kubeconfig -s --server --token --as --as-group"
    " --request-timeout --cache-dir --certificate-authority --client-certificate --client-key"
    " --tls-server-name -v --v --profile --profile-output --username --password --kube-context"
    " --kube-apiserver --kube-token --registry-config --repository-cache --repository-config"
)
_DOCKER = "-H --host -c --context -l --log-level --config --tlscacert --tlscert --tlskey"
_COMPOSE = "-f --file -p --project-name --profile --env-file --parallel --progress --ansi"
_ANSIBLE = "--check -C --syntax-check --list-hosts --list-tasks --list-tags --version"
_CLOUD_READS = (
    "describe* list* get* show* head* batch-get* ls wait help configure login logout sts logs tail"
    " filter* lookup* search* presign estimate* validate* simulate* version info config auth"
    " account status download* export check* preview* synth diff init read update-kubeconfig"
    " what-if"
)

PROGRAMS = (
    # --- versions -----------------------------------------------------------------------------
    Program(
        "git",
        {
            "git commit": "commit, merge, rebase, cherry-pick, revert, am, pull, filter-branch,"
            " filter-repo, flow * finish, absorb"
        },
        values=_GIT_VALUES,
        flags=_GIT_FLAGS,
        harmless="--short --porcelain --long --show-current-patch",
    ),
    Program(
        "cz standard-version commit-and-tag-version bumpversion bump2version bump-my-version",
        {"git commit": "bump, commit, c, major, minor, patch, --release-as, --first-release"},
        harmless="--list -n --no-commit",
    ),
    Program(
        "git",
        {
            "git push": "push, lfs push, subtree push, subrepo push, svn dcommit, p4 submit,"
            " send-pack, annex sync|push, town sync|ship|propose, review, send-email,"
            " branchless submit, spr update|land|diff"
        },
        values=_GIT_VALUES,
        flags=_GIT_FLAGS,
        harmless="-n",
    ),
    Program(
        "gh glab hub tea",
        {
            "merge": "pr merge, mr merge, mr accept, pulls merge, api -X */merge,"
            " api --method */merge",
            "git push": "repo sync, push",
            "publish": "release create|upload|delete|edit",
            "deploy": "workflow run, workflow enable|disable, ci run, pipeline run,"
            " repo delete|archive|rename|edit, secret set|delete|remove, variable set|delete",
        },
        values="-R --repo --hostname",
    ),
    Program(
        "jj hg sl gt",
        {"git push": "git push, push, submit, stack submit, ss"},
        values="-R --repository --cwd",
        harmless="-n",
    ),
    Program("svn", {"git push": "commit, ci"}),
    Program("arc repo spr", {"git push": "land, upload, update, diff --update"}),
    # --- deployments --------------------------------------------------------------------------
    Program(
        "terraform tofu terragrunt",
        {
            "deploy": "apply, destroy, refresh, import, taint, untaint, run-all apply|destroy, run"
            " apply|destroy, stack run, apply-all, destroy-all, force-unlock,"
            " state rm|mv|push|replace-provider, workspace delete"
        },
        values="-var -var-file -target --terragrunt-config --terragrunt-working-dir",
        folder="-chdir --working-dir",
    ),
    Program(
        "pulumi",
        {"deploy": "up, update, destroy, import, refresh, cancel, stack rm, state delete"},
        values="-s --stack -C --cwd --color",
        folder="-C --cwd",
    ),
    Program(
        "kubectl oc k3s microk8s",
        {
            "deploy": "apply, create, delete, replace, patch, scale, autoscale, set, edit, label,"
            " annotate, expose, run, drain, cordon, uncordon, taint, debug,"
            " rollout restart|undo|pause|resume|latest|retry|cancel, rollback, new-app,"
            " start-build, cp * *:*,"
            " argo rollouts promote|abort|restart|retry|undo|set|pause,"
            " kubectl *"
        },
        values=_KUBECTL,
        flags="--insecure-skip-tls-verify --warnings-as-errors",
    ),
    Program(
        "helm helmfile helmsman werf skaffold",
        {
            "deploy": "install, upgrade, uninstall, delete, rollback, apply, sync, destroy,"
            " converge,"
            " deploy, run, dev, debug",
            "publish": "push",
        },
        values=_KUBECTL + " -e --environment -f --file -l --selector -p --profile",
        flags="--debug -i --interactive",
    ),
    Program("kustomize", {"deploy": "apply"}),
    Program(
        "tilt okteto garden devspace kapp",
        {"deploy": "up, down, ci, dev, deploy*, delete*, destroy, purge"},
        values="-n --namespace --context -a --app -f --file",
    ),
    Program(
        "istioctl linkerd cilium velero",
        {
            "deploy": "install, uninstall, upgrade, operator *, restore create|delete,"
            " backup create|delete, schedule create|delete"
        },
        values=_KUBECTL,
    ),
    Program(
        "eksctl ecs-cli ecs",
        {
            "deploy": "create, delete, scale, upgrade, drain, enable, set, unset, update, replace,"
            " apply, up, down, compose *, push, deploy, run, cron"
        },
        values="--profile --region -r",
    ),
    Program(
        "kops",
        {"deploy": "update --yes, delete --yes, create --yes, rolling-update --yes, replace, edit"},
    ),
    Program("colmena morph", {"deploy": "apply, apply-local, exec, deploy"}),
    Program("tkn", {"deploy": "* start|delete|cancel"}, values="-n --namespace"),
    Program("drone", {"deploy": "build promote|rollback|restart|stop, deploy"}),
    Program("envoy", {"deploy": "run *deploy*"}),
    Program(
        "code-push appcenter",
        {"deploy": "release*, promote, rollback, codepush release*|promote|rollback"},
    ),
    Program(
        "airflow",
        {
            "migrate": "db migrate|upgrade|downgrade|reset|clean|init",
            "deploy": "dags trigger|backfill|delete|pause|unpause, tasks clear|run,"
            " backfill create, variables set|delete|import, connections add|delete|import",
        },
    ),
    Program("celery", {"deploy": "purge, control"}, values="-A --app -b --broker --workdir"),
    Program(
        "rabbitmqctl rabbitmqadmin",
        {
            "deploy": "delete*, purge*, add*, set*, clear*, stop*, reset, force_reset, declare,"
            " publish, forget*"
        },
        values="-n -p -q --vhost -H -u -P",
    ),
    Program(
        "kafka-topics kafka-configs kafka-acls kafka-consumer-groups kafka-delete-records",
        {"deploy": "--delete, --create, --alter, --add, --remove, --execute, --offset-json-file"},
    ),
    Program("ansible-playbook ansible-pull", {"deploy": ""}, harmless=_ANSIBLE),
    Program("ansible", {"deploy": ""}, harmless=f"{_ANSIBLE} ping setup debug"),
    Program("salt salt-ssh salt-call", {"deploy": ""}, harmless="test=True --version -d --doc"),
    Program("puppet", {"deploy": "apply, agent"}, harmless="--noop"),
    Program("chef-client knife", {"deploy": ""}, harmless="--why-run -W show list --version"),
    Program("nomad", {"deploy": "job run|stop|dispatch|revert, run, stop, system gc"}),
    Program("waypoint", {"deploy": "up, deploy, release, destroy"}),
    Program("argocd", {"deploy": "app sync|create|delete|set|rollback|patch"}, values="--server"),
    Program("argo", {"deploy": "submit, resubmit, retry, stop, terminate, delete"}),
    Program("flux", {"deploy": "reconcile *, create *, delete *, suspend *, resume *, bootstrap"}),
    Program("packer", {"publish": "build"}),
    Program("ko", {"deploy": "apply, create, delete", "publish": "build, publish, resolve"}),
    Program(
        "consul",
        {
            "deploy": "kv put|delete|import, config write|delete, intention create|delete,"
            " services register|deregister, snapshot restore, leave, force-leave"
        },
    ),
    Program(
        "vault",
        {
            "deploy": "write, delete, patch, kv put|patch|delete|undelete|destroy|rollback,"
            " kv metadata put|patch|delete, policy write|delete, secrets enable|disable|tune|move,"
            " auth enable|disable|tune|move, audit enable|disable, operator *,"
            " token create|revoke, lease revoke"
        },
        values="-address -namespace -mount -format -field -ca-cert",
    ),
    Program(
        "etcdctl",
        {
            "deploy": "put, del, txn, set, rm, compaction, member add|remove|update,"
            " snapshot restore, lease grant|revoke, user add|delete, role add|delete"
        },
        values="--endpoints --user --cacert --cert --key",
    ),
    Program(
        "vagrant",
        {
            "vagrant {host}": "up, destroy, halt, reload, provision, suspend, resume,"
            " snapshot restore"
        },
    ),
    Program("kamal mrsk cap", {"deploy": "deploy, redeploy, rollback, setup, remove, * deploy*"}),
    Program("dokku", {"deploy": "ps:*, git:*, apps:destroy, config:set, config:unset"}),
    Program(
        "docker-compose podman-compose",
        {
            "docker compose {host}": "up, down, restart, start, stop, rm, kill, pause, unpause,"
            " create, watch",
            "publish": "push, build --push",
        },
        values=f"{_DOCKER} {_COMPOSE}",
        flags="--verbose --compatibility --all-resources",
        folder="--project-directory",
    ),
    Program(
        "docker podman nerdctl",
        {
            "docker compose {host}": "compose"
            " up|down|restart|start|stop|rm|kill|pause|unpause|create|watch",
            "publish": "push, image push, manifest push, compose push, plugin push,"
            " buildx imagetools create, buildx build|bake --push, build --push, compose build"
            " --push, image|builder build --push",
            "deploy": "stack deploy|up|rm|down, service update|create|rm|scale|rollback,"
            " swarm init|join|leave|update",
            "docker {host}": "system prune, volume rm|remove|prune, container prune,"
            " network rm|remove|prune|disconnect, image rm|prune, rm, rmi, start, stop, kill,"
            " restart, pause, unpause, rename, update,"
            " container rm|start|stop|kill|restart|pause|unpause|rename|update, builder prune,"
            " play kube, kube play|down, pod rm|start|stop|kill|restart",
        },
        values=f"{_DOCKER} {_COMPOSE}",
        flags="-D --debug --tls --tlsverify --compatibility --all-resources",
        folder="--project-directory",
    ),
    Program(
        "skopeo crane oras regctl buildah",
        {"publish": "copy, sync, push, tag, delete, image copy, index create, append, mutate"},
    ),
    Program(
        "aws awslocal",
        {"deploy": "* *"},
        values="--profile --region --output --endpoint-url --query --color --ca-bundle"
        " --cli-read-timeout --cli-connect-timeout",
        flags="--debug --no-verify-ssl --no-paginate --no-sign-request --no-cli-pager",
        harmless="--generate-cli-skeleton",
        reads=_CLOUD_READS,
    ),
    Program(
        "gcloud az gsutil bq oci doctl ibmcloud scw hcloud linode-cli exo aliyun",
        {"deploy": "*"},
        values="--project --account --configuration --region --zone --format --subscription -g"
        " --resource-group -o --output --query --verbosity --impersonate-service-account",
        flags="-q --quiet -m --debug",
        reads=_CLOUD_READS + " cat stat du hash query head topic components extension exists",
    ),
    Program(
        "fly flyctl vercel vc netlify heroku railway render wrangler firebase amplify surge now"
        " eb copilot sam serverless sls cdk cdktf sst apex up zappa chalice gigalixir clever"
        " scalingo platform upsun cf databricks modal deta",
        {
            "deploy": "deploy*, publish, up, promote, rollback, redeploy, remove, destroy, delete,"
            " sync, apply, restart, scale *, apps:destroy, apps destroy|restart,"
            " machine* destroy|update|restart|stop, secrets set|unset|import, secret put|delete,"
            " ps:restart, ps:scale, ps:stop, releases:rollback, pipelines:promote,"
            " container:release,"
            " config:set, config:unset, env add|rm|set|unset, env:set, env:unset, maintenance:on,"
            " maintenance:off, addons:create, addons:destroy,"
            " functions:delete, hosting:*, terminate, push, restage, bootstrap, pages"
            " deploy|publish,"
            " versions deploy, volumes destroy, volume* delete, undeploy, app deploy|stop, svc"
            " deploy, kv key|bulk put|delete, kv:key put|delete, kv:bulk put|delete,"
            " r2 object put|delete",
            "publish": "container:push",
            "migrate": "d1 migrations apply, d1 execute, pg:reset, pg:copy, pg:push, pg:pull",
        },
        values="-a --app -c --config --project -P --env -e --scope -t --token --cwd --stage -s"
        " --site"
        " --profile --region -r --remote --context -m --message",
        harmless="--noop --no-execute",
        folder="--cwd",
    ),
    Program(
        "vercel vc now",
        {"deploy": ""},
        harmless="--version",
        reads="dev build ls list inspect logs link login logout whoami env pull help init",
    ),
    Program(
        "rclone",
        {
            "deploy": "copy|copyto|sync|move|moveto|bisync * *:*, delete *:*, deletefile *:*,"
            " purge *:*, rmdir *:*, rcat *:*"
        },
        harmless="-n",
    ),
    Program(
        "s3cmd s5cmd",
        {
            "deploy": "put, del, rm, rb, cp * s3:*, mv, sync * s3:*, modify, setacl, setpolicy,"
            " delpolicy"
        },
        harmless="-n",
    ),
    Program("mc", {"deploy": "mirror, rm, rb, mv, cp, pipe, anonymous set"}, harmless="--fake"),
    Program("azcopy", {"deploy": "copy, cp, sync, remove, rm"}),
    Program(
        "surge gh-pages", {"deploy": ""}, harmless="--version", reads="list login logout whoami"
    ),
    Program(
        "mkdocs mike hugo docusaurus ng hexo quarto gatsby gridsome deployctl astro nuxt nitro",
        {"deploy": "deploy*, gh-deploy, publish*"},
    ),
    # --- services and machines ----------------------------------------------------------------
    Program(
        "systemctl",
        {
            "systemctl {host}": "restart, start, stop, reload, kill, enable, disable, mask, unmask,"
            " try-restart, reload-or-restart, try-reload-or-restart, daemon-reload, daemon-reexec,"
            " isolate, reboot, poweroff, halt, suspend, edit, revert, set-property"
        },
        values="-H --host -M --machine -t --type -s --signal -n --lines -o --output --root",
    ),
    Program(
        "service invoke-rc.d rc-service",
        {"systemctl {host}": "* start|stop|restart|reload|force-reload|graceful"},
    ),
    Program(
        "supervisorctl",
        {"systemctl {host}": "restart, start, stop, reload, update, shutdown"},
        values="-c -s -u -p",
    ),
    Program("caddy", {"systemctl {host}": "reload, stop, start"}),
    Program("nixos-rebuild darwin-rebuild", {"systemctl {host}": "switch, boot, test"}),
    Program("initctl", {"systemctl {host}": "restart, start, stop, reload"}),
    Program(
        "pm2 forever circusctl monit sv rc-update",
        {
            "systemctl {host}": "restart, reload, stop, delete, kill, start, startOrRestart,"
            " gracefulReload,"
            " * restart",
            "deploy": "deploy",
        },
    ),
    Program(
        "nginx apachectl apache2ctl httpd", {"systemctl {host}": "-s, -k, graceful, restart, stop"}
    ),
    Program("crontab", {"crontab {host}": ""}, values="-u", harmless="-l"),
    Program("brew", {"systemctl {host}": "services restart|start|stop|run|kill"}),
    Program(
        "launchctl sc sc.exe net",
        {
            "systemctl {host}": "load, unload, kickstart, bootout, bootstrap,"
            " stop, start, delete, config"
        },
    ),
    Program(
        "restart-service stop-service start-service set-service",
        {"systemctl {host}": ""},
        harmless="-WhatIf",
    ),
    Program(
        "reboot shutdown poweroff halt restart-computer stop-computer iisreset",
        {"systemctl {host}": ""},
        harmless="-c /a --show",
    ),
    # --- other machines -----------------------------------------------------------------------
    Program("fab", {"deploy": "*deploy*"}, values="-H --hosts -i -f --collection -c"),
    Program("inv invoke", {"deploy": "*deploy*", "migrate": "*migrat*"}, values="-c -r"),
)
