"""Predictions -> numbers: scores, intervals, tests, calibration, leaks. Pure functions of tables.

From the bottom up: `counts`, `bootstrap`; `metrics`, `stats`, `spread`; `significance`, `paired`,
`verdict`; `leakage`, `siblings`, `lottery`, `robustness`; `calibration`, `temperature`,
`selective`, `unknown`; `frontier`. May import: numpy, pandas, hvc_core.tables, hvc_core.splits.
"""
