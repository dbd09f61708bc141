"""The table of programs, continued: what publishes packages, and what changes databases."""

from __future__ import annotations

from coord.client.shell.program import Program

_NPM = "--registry --tag --access --otp --userconfig -w --workspace --filter -F --loglevel --cache"
_REDIS_CHANGES = (
    "flushall flushdb del unlink set mset setex getset append incr incrby decr hset hdel lpush"
    " rpush lpop rpop lrem sadd srem zadd zrem xadd xdel xtrim expire persist rename restore copy"
    " eval evalsha"
)

PACKAGES_AND_DATABASES = (
    # --- packages -----------------------------------------------------------------------------
    Program(
        "npm pnpm yarn bun lerna",
        {
            "publish": "publish, unpublish, deprecate, dist-tag add|rm, npm publish, npm tag add,"
            " changeset publish, release publish, version publish, * publish, -r publish,"
            " workspaces foreach npm publish"
        },
        values=_NPM + " --otp",
        flags="-r --recursive -s --silent --json --verbose -ws --workspaces -y --yes",
        folder="--prefix --cwd -C --dir",
    ),
    Program("npm", {"publish": "owner add|rm, access grant|revoke|set, team create|destroy"}),
    Program("npm pnpm", {"git commit": "version *"}, harmless="--no-git-tag-version"),
    Program("lerna", {"git push": "version"}, harmless="--no-push --no-git-tag-version"),
    Program("twine", {"publish": "upload"}),
    Program(
        "uv poetry flit hatch pdm rye maturin setuptools",
        {"publish": "publish, upload"},
        values="--directory --project -C -P",
        flags="-q -v -n --no-interaction --no-cache",
        folder="--directory --project -C",
    ),
    Program(
        "cargo",
        {
            "publish": "publish, yank, owner, release --execute, release -x, workspaces|ws publish,"
            " xtask publish*|release*",
            "migrate": "sqlx migrate run|revert, xtask migrat*",
            "deploy": "xtask deploy*, make deploy*",
        },
        values="-Z --config --manifest-path --color",
        flags="-q -v --locked --offline --frozen",
        harmless="-n --list",
        folder="-C",
    ),
    Program("lein", {"publish": "deploy, release, do deploy"}),
    Program("gem", {"publish": "push, yank, owner"}),
    Program("deno jsr", {"publish": "publish"}),
    Program("setup.py", {"publish": "upload, register, * upload, * register"}),
    Program(
        "changeset changesets semantic-release release-it np goreleaser release-please jreleaser",
        {"publish": "publish, release, "},
        harmless="--snapshot --version",
        reads="version add status init check build pre",
    ),
    Program(
        "mvn mvnw",
        {
            "publish": "deploy*, * deploy*, * * deploy*, release:*, * release:*",
            "migrate": "flyway:migrate|flyway:clean|flyway:repair|flyway:baseline|flyway:undo,"
            " liquibase:update*, liquibase:rollback*, liquibase:dropAll",
        },
        values="-f --file -P -s --settings -pl -T -D",
    ),
    Program(
        "gradle gradlew",
        {
            "publish": "*publish*, *upload*",
            "migrate": "*flyway*, *liquibase*, *migrat*",
            "deploy": "*deploy*",
        },
        values="-p -b -I -x -D -P",
        harmless="publishToMavenLocal flywayInfo flywayValidate",
        folder="-p --project-dir",
    ),
    Program(
        "sbt",
        {"publish": "*publish*, * *publish*"},
        harmless="publishLocal publishM2 +publishLocal",
    ),
    Program(
        "dotnet nuget choco",
        {
            "publish": "nuget push|delete, push, delete",
            "migrate": "ef database update|drop, ef migrations remove",
        },
    ),
    Program(
        "hex mix",
        {
            "publish": "hex.publish, publish",
            "migrate": "ecto.migrate, ecto.rollback, ecto.reset, ecto.drop, ecto.setup,"
            " ash.migrate, do ecto.*, do * ecto.*, do * * ecto.*",
        },
    ),
    Program("publish-module publish-script publish-psresource", {"publish": ""}),
    Program("pod", {"publish": "trunk push|delete, repo push"}),
    Program("dart flutter", {"publish": "pub publish"}),
    Program(
        "xcrun", {"publish": "altool --upload-app, altool --upload-package, notarytool submit"}
    ),
    Program("earthly", {"publish": "--push"}),
    Program("luarocks opam conan stack cabal anaconda", {"publish": "upload, publish"}),
    Program(
        "vsce ovsx web-ext snapcraft", {"publish": "publish, unpublish, upload, release, sign"}
    ),
    Program(
        "fastlane eas",
        {
            "publish": "deliver, supply, pilot, release*, beta*, submit, upload*",
            "deploy": "deploy*, update, * deploy*",
        },
    ),
    # --- databases ----------------------------------------------------------------------------
    Program(
        "flask",
        {"migrate": "db upgrade|downgrade|migrate|stamp|revision"},
        values="-A --app -e --env-file",
        harmless="--sql",
    ),
    Program(
        "alembic alembic.config",
        {"migrate": "upgrade, downgrade, stamp"},
        values="-c --config -n --name -x",
        flags="--raiseerr",
        harmless="--sql",
    ),
    Program(
        "manage.py django-admin django",
        {"migrate": "migrate, flush, sqlflush, reset_db, loaddata"},
        values="--settings --pythonpath -v --verbosity",
        harmless="--plan --check",
    ),
    Program(
        "rails rake",
        {"migrate": "db:*", "deploy": "*deploy*", "publish": "release, gem:release"},
        values="-f -C",
        harmless="-T --tasks -n db:version db:migrate:status db:schema:dump db:structure:dump",
    ),
    Program(
        "prisma",
        {"migrate": "migrate dev|deploy|reset|resolve, db push|seed|execute"},
        values="--schema",
    ),
    Program(
        "knex sequelize sequelize-cli typeorm mikro-orm kysely ley umzug",
        {
            "migrate": "migrate*, migration:run, migration:revert, migration:up, migration:down,"
            " migration:fresh, db:migrate*, db:drop, db:seed*, schema:drop, schema:sync,"
            " schema:update,"
            " seed:run, up, down, latest"
        },
        values="--knexfile --env --config -d --dataSource",
        harmless="migrate:status migrate:make migrate:list migrate:currentVersion",
    ),
    Program("drizzle-kit", {"migrate": "push*, migrate, drop"}, values="--config"),
    Program(
        "supabase",
        {"migrate": "db push|reset, migration up|repair", "deploy": "functions deploy|delete"},
    ),
    Program(
        "hasura",
        {"migrate": "migrate apply|delete, seed apply", "deploy": "deploy, metadata apply"},
    ),
    Program(
        "liquibase",
        {"migrate": "update*, rollback*, drop-all, dropAll, clear-checksums"},
        values="--changeLogFile --changelog-file --url --username --password --defaultsFile",
        harmless="update-sql updateSQL rollback-sql rollbackSQL",
    ),
    Program(
        "flyway", {"migrate": "migrate, clean, undo, repair, baseline"}, harmless="-dryRunOutput"
    ),
    Program(
        "dbmate",
        {"migrate": "up, migrate, down, rollback, drop, load"},
        values="-u --url -e --env -d --migrations-dir -s --schema-file --env-file",
    ),
    Program(
        "goose",
        {
            "migrate": "* * up*, * * down*, * * reset, * up*, * down*, up*, down*, * redo, redo,"
            " reset, * reset"
        },
        values="-dir -table",
    ),
    Program("sqlx", {"migrate": "migrate run|revert, database drop|reset|setup"}),
    Program("diesel", {"migrate": "migration run|revert|redo, database reset|setup|drop"}),
    Program(
        "migrate",
        {"migrate": "up, down, goto *, drop, force *"},
        values="-path -database -source -lock-timeout -prefetch",
    ),
    Program("atlas", {"migrate": "migrate apply|down, schema apply|clean"}),
    Program("sea-orm-cli", {"migrate": "migrate*"}),
    Program(
        "artisan", {"migrate": "migrate*, db:seed, db:wipe"}, harmless="migrate:status --pretend"
    ),
    Program(
        "console",
        {"migrate": "doctrine:migrations:*, doctrine:schema:*, d:m:m, make:migration"},
        harmless="doctrine:migrations:status doctrine:migrations:list",
    ),
    Program(
        "symfony",
        {
            "migrate": "console doctrine:migrations:*, console doctrine:schema:*, console d:m:m",
            "deploy": "deploy, cloud:deploy, cloud:env:push",
        },
        harmless="doctrine:migrations:status doctrine:migrations:list",
    ),
    Program(
        "sail lando ddev",
        {
            "migrate": "artisan migrate*, artisan db:seed, artisan db:wipe",
            "docker compose {host}": "up, down, start, stop, restart, rebuild, poweroff, destroy",
        },
        harmless="migrate:status --pretend",
    ),
    Program("phinx cake", {"migrate": "migrate, rollback, migrations migrate|rollback"}),
    Program(
        "sqitch skeema yoyo aerich pgroll",
        {
            "migrate": "deploy, revert, rebase, push, apply, upgrade,"
            " downgrade, rollback, start, complete"
        },
    ),
    Program(
        "dropdb createdb dropuser createuser pg_restore mongorestore mongoimport mysqlimport",
        {"migrate": ""},
        harmless="-l --list -V --version",
    ),
    Program(
        "dbt",
        {"migrate": "run, build, seed, snapshot, run-operation, retry, clone"},
        values="--project-dir --profiles-dir --target -t --profile -s --select",
    ),
    Program("influx", {"migrate": "delete, write, bucket create|delete|update"}),
    Program("mysqladmin mariadb-admin", {"migrate": "drop, create, * drop, * create"}),
    Program(
        "redis-cli valkey-cli",
        {"migrate": ", ".join(f"{word}|{word.upper()}" for word in _REDIS_CHANGES.split())},
        values="-h -p -n -a -u",
    ),
)
