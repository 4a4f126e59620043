"""Uploading a repository folder: one commit that makes the repository equal to the folder, and a tag on it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from huggingface_hub import CommitOperationAdd, CommitOperationDelete, HfApi
from huggingface_hub.errors import HfHubHTTPError, HTTPError, LocalTokenNotFoundError, RepositoryNotFoundError
from huggingface_hub.utils import validate_repo_id

from train.publish import PublishError
from train.publish.tree import File

THE_HUBS_OWN = {".gitattributes"}
_TAG = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


@dataclass(frozen=True)
class Target:
    """A repository on the hub and the tag that is to be published there; `kind` is "model", "dataset" or "space".

    The token is that of the environment (HF_TOKEN) or of `hf auth login`, the hub that of HF_ENDPOINT.
    """

    kind: str
    repo: str
    tag: str
    api: HfApi = field(default_factory=HfApi)

    def check_names(self) -> None:
        """Refuse names that the hub would refuse; raises PublishError."""
        try:
            validate_repo_id(self.repo)
        except ValueError as error:
            raise PublishError(f"{self.repo}: is no name of a repository ({error})") from None
        if "/" not in self.repo:
            raise PublishError(f"{self.repo}: has no owner; write OWNER/{self.repo}")
        if not _TAG.fullmatch(self.tag) or ".." in self.tag or self.tag.endswith("."):
            raise PublishError(f"{self.tag}: is no name of a tag; write one like v0.1.0")

    def check_free(self) -> None:
        """Refuse, before anything is made, where the token is not valid or the tag is taken; raises PublishError."""
        with self._telling():
            self.api.whoami()
            try:
                taken = self.tag in self._heads()[1]
            except RepositoryNotFoundError:
                return
        if taken:
            raise PublishError(f"{self.repo}: has a tag {self.tag} already; publish under a new one with --tag")

    def upload(self, folder: Path, files: list[File], message: str, description: str = "") -> str:
        """Publish `files` of `folder` and nothing else; returns the commit's address.

        If it breaks off, it can be done again: what was sent is not sent twice, a commit without changes is not made.

        Raises:
            PublishError: the hub refuses, fails or cannot be reached, or the tag was taken in the meantime.
        """
        where = {"repo_id": self.repo, "repo_type": self.kind}
        with self._telling():
            sdk = "gradio" if self.kind == "space" else None
            self.api.create_repo(self.repo, repo_type=self.kind, space_sdk=sdk, exist_ok=True)
            heads, _ = self._heads()
            # Not upload_folder: with hf_xet it makes several commits of one folder.
            commit = self.api.create_commit(
                operations=self._operations(folder, files),
                commit_message=message,
                commit_description=description,
                parent_commit=heads.get("main"),
                **where,
            )
            self.api.create_tag(tag=self.tag, revision=commit.oid, **where)
        return commit.commit_url

    def _heads(self) -> tuple[dict[str, str], set[str]]:
        """The commits of the branches, and the names of the tags."""
        refs = self.api.list_repo_refs(self.repo, repo_type=self.kind)
        return {branch.name: branch.target_commit for branch in refs.branches}, {tag.name for tag in refs.tags}

    def _operations(self, folder: Path, files: list[File]) -> list[CommitOperationAdd | CommitOperationDelete]:
        # A shard of an older version that stayed would be loaded with the new ones.
        old = set(self.api.list_repo_files(self.repo, repo_type=self.kind)) - THE_HUBS_OWN
        stale = sorted(old - {file.name for file in files})
        return [
            *(CommitOperationDelete(name) for name in stale),
            *(CommitOperationAdd(file.name, folder / file.name) for file in files),
        ]

    @contextmanager
    def _telling(self) -> Iterator[None]:
        """Turn what the hub and the network raise into one sentence; no token is part of it."""
        try:
            yield
        except LocalTokenNotFoundError:
            raise PublishError(f"{self.repo}: there is no token; log in with `hf auth login` or set HF_TOKEN") from None
        except HfHubHTTPError as error:
            raise PublishError(f"{self.repo}: {self._told(error)}") from error
        except (HTTPError, OSError, RuntimeError, ValueError) as error:
            reason = " ".join(str(error.__cause__ or error).split())[:200]
            hint = "check the network and HF_ENDPOINT, then publish again"
            raise PublishError(f"{self.repo}: {self.api.endpoint} failed ({reason}); {hint}") from error

    def _told(self, error: HfHubHTTPError) -> str:
        status = error.response.status_code
        if status == 401:
            return "the hub does not accept the token; log in with `hf auth login` or set HF_TOKEN"
        if status == 403:
            return "the token may not write there; take one with the right to write"
        if status == 409 and "/tag/" in str(error.response.request.url):
            return f"has a tag {self.tag} already; publish under a new one with --tag"
        if status in (409, 412):
            return "somebody else is writing there; look at it, then publish again"
        if status >= 500:
            return f"the hub failed ({status}); publish again, what was sent is not sent twice"
        said = " ".join(str(error.server_message or error.response.reason_phrase).split())[:200]
        return f"the hub refused ({status}, {said})"
