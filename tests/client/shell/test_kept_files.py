"""Files that a program keeps without being told their names: they are in its folder or above it,
or where an option leads.
"""

from pathlib import Path

import pytest

from coord.client.shell.rules import Rules
from coord.client.shell.walk import effects_of
from tests.client.test_commands import told

FILES = """
    package.json package-lock.json .npmrc .yarnrc.yml pyproject.toml uv.lock go.mod Cargo.toml
    Cargo.lock composer.json mise.toml .tool-versions .gitattributes .terraform.lock.hcl
    Pulumi.yaml Pulumi.dev.yaml Pulumi.prod.yaml web/package.json web/go.mod web/Cargo.toml
    web/pyproject.toml web/composer.json web/.terraform.lock.hcl requirements.txt
"""


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    shop = tmp_path_factory.mktemp("kept")
    for folder in (".git", "web/src", "infra"):
        (shop / folder).mkdir(parents=True)
    for file in FILES.split():
        (shop / file).touch()
    return shop


@pytest.mark.parametrize(
    ("line", "files"),
    [
        ("npm install x", "package-lock.json package.json"),
        ("npm --prefix web install x", "package-lock.json web/package.json"),
        ("pnpm -C web add x", "package-lock.json web/package.json"),
        ("yarn --cwd web add x", "package-lock.json web/package.json"),
        ("npm install x -w web", "package-lock.json web/package.json"),
        ("cd web/src && npm install x", "package-lock.json web/package.json"),
        ("go -C web get x", "web/go.mod"),
        ("cd web/src && go get x", "web/go.mod"),
        ("cargo add x --manifest-path web/Cargo.toml", "Cargo.lock web/Cargo.toml"),
        ("uv --directory web add x", "uv.lock web/pyproject.toml"),
        ("composer -d web require x", "web/composer.json"),
        ("terraform -chdir=web init", "web/.terraform.lock.hcl"),
        ("cd infra && terraform init", ""),
        ("terraform init -lockfile=readonly", ""),
        ("cd web && pip-compile", ""),
        ("npm config set x y --location=project", ".npmrc"),
        ("npm config set x y", ""),
        ("yarn config set x y", ".yarnrc.yml package.json"),
        ("mise use node@22", ".tool-versions mise.toml"),
        ("mise use -g node@22", ""),
        ("asdf set nodejs 22", ".tool-versions"),
        ("composer config x y", "composer.json"),
        ("git lfs track '*.psd'", ".gitattributes"),
        ("git lfs track", ""),
        ("pulumi config set k v", "Pulumi.dev.yaml Pulumi.prod.yaml"),
        ("pulumi config set k v -s acme/shop/dev", "Pulumi.dev.yaml"),
        ("pulumi -C infra config rm k --stack prod", "Pulumi.prod.yaml"),
        ("pulumi config cp --dest prod", "Pulumi.prod.yaml"),
        ("pulumi config set k v --config-file x.yaml", "x.yaml"),
        ("pulumi preview -c k=v -s dev", "Pulumi.dev.yaml"),
        ("pulumi config get k", ""),
        ("pulumi config", ""),
    ],
)
def test_what_a_program_keeps_is_claimed(line: str, files: str, shop: Path) -> None:
    effects = effects_of(line, str(shop), Rules({}))
    assert told(effects, shop)["files"] == files.split()
    assert not effects.trees
