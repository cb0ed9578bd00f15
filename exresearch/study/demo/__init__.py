"""The fictional demo client: a seeded company with planted, documented truths."""

from exresearch.study.demo.company import DemoSettings
from exresearch.study.demo.export import write_demo_study
from exresearch.study.demo.planted import planted_truth
from exresearch.study.demo.tables import cut_demo, generate_demo, simulate_demo

__all__ = ["DemoSettings", "cut_demo", "generate_demo", "planted_truth", "simulate_demo", "write_demo_study"]
