"""Figures for those who watch over time: counted per call, written as Prometheus text or as OTLP; pure."""
