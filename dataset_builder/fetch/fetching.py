"""Fetches the images of PatentDesc-355K: `python -m dataset_builder.fetch DATASET/PatentDesc-355k.json`.

Every image is downloaded into `.partial`, checked, written through to the disk, and only then moved to its name; its
line in `manifest.jsonl` comes last. Killed at any point, the next run takes up whatever is there: an image without its
line is checked again and not downloaded again. A run that finds everything done asks nothing of the server.
"""

from __future__ import annotations

import hashlib
import os
import shutil
from collections import Counter
from collections.abc import Collection, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from filelock import FileLock, Timeout
from tqdm import tqdm

from dataset_builder.fetch.download import Downloaded, Downloader, DownloadError, check_image
from dataset_builder.fetch.manifest import Entry, Manifest
from dataset_builder.fetch.pacing import Pacer, Stopped
from dataset_builder.json_members import Members
from dataset_builder.rejects import told
from dataset_builder.release import SUFFIX, is_image_id

HOSTS = ("patentimages.storage.googleapis.com",)
FAILURES_IN_A_ROW = 50  # then something is wrong with the host or with us, and the run ends


class Job(NamedTuple):
    """An image to fetch; `sha256` where it has been there before, which it must be again."""

    image_id: str
    url: str
    sha256: str | None


@dataclass
class FetchReport:
    """What a run did: images `fetched`, `found` without a line, and `there` already; `failed` by reason, this run and
    for good in earlier ones; how many requests that took; and why it was `stopped` with so many `left`, if it was."""

    fetched: int = 0
    found: int = 0
    there: int = 0
    failed: Counter = field(default_factory=Counter)
    requests: int = 0
    left: int = 0
    stopped: str | None = None

    def count(self, entry: Entry, was_found: bool) -> None:
        """Count an image that has been dealt with."""
        self.left -= 1
        if not entry.is_fetched:
            self.failed[entry.reason] += 1
        elif was_found:
            self.found += 1
        else:
            self.fetched += 1

    def __str__(self) -> str:
        line = f"{self.fetched} fetched, {self.found} found, {self.there} there already, {told(self.failed)}"
        line = f"{line} ({self.requests} requests)"
        return f"{line}; stopped with {self.left} to go: {self.stopped}" if self.stopped else line


class FetchError(ValueError):
    """A run that cannot start; the message is one line."""


def fetch_images(
    index: Path,
    out_dir: Path,
    *,
    only: Collection[str] | None = None,
    hosts: Collection[str] = HOSTS,
    concurrency: int = 8,
    rate: float = 10.0,
    timeout: float = 30.0,
    back_off: float = 1.0,
) -> FetchReport:
    """Fetch the images that `index` names (all, or those whose ids are in `only`) into `out_dir` as `<image id>.png`.

    At most `rate` requests a second go to each host, by `concurrency` threads; hosts other than `hosts` are asked
    nothing, whatever the index or a redirect says. A host that asks for a pause (Retry-After) gets it. Failures that
    may pass are tried again in the next run, others not until the address changes. `timeout` and `back_off` are
    seconds, as for `Downloader`.

    Raises:
        FetchError: another process is at it in `out_dir`.
        MembersError: the index is damaged.
    """
    partial = out_dir / ".partial"
    out_dir.mkdir(parents=True, exist_ok=True)
    try:
        lock = FileLock(out_dir / ".lock").acquire(timeout=0)
    except Timeout:
        raise FetchError(f"{out_dir}: another process is fetching into it; wait for it to end") from None
    pacer = Pacer(rate)
    with lock, Manifest(out_dir / "manifest.jsonl") as manifest:
        shutil.rmtree(partial, ignore_errors=True)
        partial.mkdir()
        report = FetchReport()
        jobs = _jobs(index, out_dir, only, manifest, report)
        fetcher = _Fetcher(out_dir, partial, Downloader(hosts, pacer, timeout, back_off))
        _run(fetcher, jobs, concurrency, pacer, manifest, report)
        shutil.rmtree(partial)
    report.requests, report.stopped = pacer.requests, pacer.reason
    return report


def _jobs(
    index: Path, out_dir: Path, only: Collection[str] | None, manifest: Manifest, report: FetchReport
) -> list[Job]:
    """What is left to do. Entries that name no image are written down as failed."""
    jobs = []
    for image_id, url in _addresses(index, only):
        known = manifest.entries.get(image_id)
        if known and known.is_fetched and _size(out_dir / f"{image_id}{SUFFIX}") == known.size:
            report.there += 1
        elif known and not known.is_fetched and not known.again and known.url == url:
            report.failed[known.reason] += 1
        elif not is_image_id(image_id) or not url:
            reason = "no_address" if is_image_id(image_id) else "malformed_id"
            manifest.add(Entry(image_id, url, reason=reason, detail="the index names no image to fetch"))
            report.failed[reason] += 1
        else:
            jobs.append(Job(image_id, url, known.sha256 if known else None))
    return jobs


def _addresses(index: Path, only: Collection[str] | None) -> Iterator[tuple[str, str]]:
    """Image ids and addresses ("" for none) of the index, each id once."""
    seen = set()
    with Members(index) as members:
        for image_id, start, end in members:
            if image_id not in seen and (only is None or image_id in only):
                seen.add(image_id)
                url = (members.read(start, end) or {}).get("image_url")
                yield image_id, url.strip() if isinstance(url, str) else ""


def _size(path: Path) -> int | None:
    try:
        return path.stat().st_size
    except OSError:
        return None


class _Fetcher:
    """Does a job: all of it runs in the threads, only the manifest is written by the one that gave the job."""

    def __init__(self, out_dir: Path, partial: Path, downloader: Downloader):
        self._out_dir, self._partial, self._downloader = out_dir, partial, downloader

    def __call__(self, job: Job) -> tuple[Entry, bool]:
        """The entry for the manifest, and whether the image was found rather than downloaded."""
        path = self._out_dir / f"{job.image_id}{SUFFIX}"
        if found := _found(path, job.sha256):
            return Entry(job.image_id, job.url, *found), True
        part = self._partial / path.name
        try:
            downloaded = self._downloader.download(job.url, part)
            if job.sha256 not in (None, downloaded.sha256):
                raise DownloadError("changed", f"is no longer the image with the SHA-256 {job.sha256}")
        except DownloadError as error:
            part.unlink(missing_ok=True)
            failed = Entry(job.image_id, job.url, job.sha256, None, error.reason, error.detail, error.again)
            return failed, False
        with open(part, "rb") as file:
            os.fsync(file.fileno())
        os.replace(part, path)
        return Entry(job.image_id, job.url, *downloaded), False


def _found(path: Path, sha256: str | None) -> Downloaded | None:
    """The image in `path` if there is a sound one, and it is the one that was there before."""
    if not path.is_file():
        return None
    try:
        check_image(path)
    except DownloadError:
        return None
    content = path.read_bytes()
    found = Downloaded(hashlib.sha256(content).hexdigest(), len(content))
    return found if sha256 in (None, found.sha256) else None


def _run(
    fetcher: _Fetcher, jobs: list[Job], concurrency: int, pacer: Pacer, manifest: Manifest, report: FetchReport
) -> None:
    """Do the jobs and write each down as it ends, until all are done or the run is stopped."""
    failures_in_a_row = 0
    report.left = len(jobs)
    with ThreadPoolExecutor(concurrency) as pool, tqdm(total=len(jobs), unit="image") as bar:
        try:
            for entry, was_found in _results(pool, fetcher, jobs, ahead=4 * concurrency):
                manifest.add(entry)
                report.count(entry, was_found)
                bar.update()
                failures_in_a_row = failures_in_a_row + 1 if entry.again else 0
                if failures_in_a_row >= FAILURES_IN_A_ROW:
                    pacer.stop(f"{failures_in_a_row} failures in a row, the last: {entry.reason}, {entry.detail}")
        except Stopped:
            return
        finally:
            pool.shutdown(wait=False, cancel_futures=True)
            if report.left:  # interrupted, or the disk is full: nobody waits any longer
                pacer.stop("interrupted")


def _results(pool: ThreadPoolExecutor, fetcher: _Fetcher, jobs: list[Job], ahead: int) -> Iterator[tuple[Entry, bool]]:
    """What comes of the jobs, in the order in which they end; so many are handed out `ahead`."""
    pending: set[Future] = set()
    for job in jobs:
        pending.add(pool.submit(fetcher, job))
        if len(pending) >= ahead:
            done, pending = wait(pending, return_when=FIRST_COMPLETED)
            yield from (future.result() for future in done)
    while pending:
        done, pending = wait(pending, return_when=FIRST_COMPLETED)
        yield from (future.result() for future in done)
