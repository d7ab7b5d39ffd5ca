"""Slurm on the page: chosen, refused with the option that caused it, watched in the queue, and cancelled."""

import re

import pytest
from playwright.sync_api import Page, expect

from engine.runs.run import Run
from engine.runs.slurm import job_of, options_of, parse
from tests.browser.actions import badge, fill, open_fold, show_form, until
from tests.slurm.conftest import Cluster
from tests.studios import Studio

pytestmark = [pytest.mark.browser, pytest.mark.slow]


def test_trainings_are_started_in_jobs_and_watched_in_the_queue(cluster: Cluster, page: Page, studio: Studio) -> None:
    open_fold(page, "Schedule")
    fill(page, "schedule.epochs", "9000")
    page.get_by_role("radio", name="Slurm").check()
    asked = page.locator("#rwp-slurm textarea, #rwp-slurm input")
    asked.fill("partition=nowhere,time=2h")
    expect(page.locator("#rwp-command textarea")).to_have_value(
        re.compile(r"--launcher slurm --slurm partition=nowhere,time=2h$")
    )
    page.locator("#rwp-start").click()
    expect(page.locator("#rwp-problems")).to_contain_text("slurm.partition Slurm says: invalid partition specified: nowhere")
    assert not Run.all(studio.runs)

    asked.fill("time=2h")
    expect(page.locator("#rwp-command textarea")).to_have_value(re.compile("--slurm time=2h$"))
    page.reload()
    expect(page.get_by_role("radio", name="Slurm")).to_be_checked()
    expect(asked).to_have_value("time=2h")
    page.locator("#rwp-start").click()
    badge(page, "running")
    first = studio.newest
    assert options_of(first.path) == parse("time=2h")

    cluster.take_all()
    show_form(page)
    page.locator("#rwp-start").click()
    until(page, lambda: len(Run.all(studio.runs)) == 2)
    page.locator("[data-queue] summary").click()
    line = page.locator(f"[data-queue-list] [data-run='{studio.newest.id}']")
    expect(line).to_contain_text(re.compile(r"Slurm job \d+: PENDING"))
    expect(page.locator("[data-queue-summary]")).to_contain_text(
        re.compile("[12] waiting for Slurm")
    )  # the first has to make way
    line.get_by_role("button", name="Cancel its job").click()
    expect(line).to_have_count(0)
    assert job_of(studio.newest.path) is None
    page.get_by_role("button", name="Undo").click()
    expect(line).to_contain_text(re.compile(r"Slurm job \d+: PENDING"))
