"""The values that tests compare with are those that R gave: our copies against the shared reference."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

OURS = Path(__file__).parent / "reference"
THEIRS = Path(__file__).parents[1].parent / "shared" / "reference"
SEM = ("clpm", "riclpm", "riclpm_fiml")
LEVELS = ("configural", "metric", "scalar", "strict")


def copied(name: str) -> Any:
    return json.loads((OURS / name).read_text(encoding="utf-8"))


def shared(folder: str) -> Any:
    path = THEIRS / folder / "values.json"
    if not path.exists():
        pytest.skip(f"the shared reference values of {folder} are not here")
    return json.loads(path.read_text(encoding="utf-8"))


def values(table: dict[str, Any]) -> list[Any]:
    return list(table.values())


def test_values_of_structural_models() -> None:
    ours, theirs = copied("sem.json"), shared("06_sem")
    pairs = [(ours["fits"][name], theirs[name]) for name in SEM]
    pairs.append((ours["fits"]["hs"], theirs["hs_cfa_ML"]))
    pairs += [(ours["fits"][level], theirs["hs_invariance_school"][level]) for level in LEVELS]
    for mine, whole in pairs:
        for part in ("fit", "est"):
            assert mine[part] == {key: whole[part][key] for key in mine[part]}
        assert {"chisq", "df", "npar"} <= set(mine["fit"])
        assert {"lhs", "op", "rhs", "est", "se", "std.all"} <= set(mine["est"])
    for name in SEM:
        assert {"z", "pvalue", "ci.lower", "ci.upper"} <= set(ours["fits"][name]["est"])
        assert ours["fits"][name]["r2"] == theirs[name]["r2"]
    tests = theirs["hs_invariance_school"]["lrt"]
    assert ours["lrt"] == {key: tests[key] for key in ours["lrt"]}


def test_values_of_random_intercepts() -> None:
    ours, theirs = copied("multilevel.json"), shared("05_multilevel")
    few = theirs["bh12_few_clusters"]
    fits = {"bh1996": theirs["bh_ri_REML"], "split": theirs["bh_cwc_REML"], "few": few["lmer"]}
    for name, whole in fits.items():
        mine, table = ours[name], whole["tab"]
        assert mine["estimate"] == values(whole["fixef"]) == table["Estimate"]
        assert mine["std_error"] == values(whole["se"]) == table["Std. Error"]
        assert (mine["df"], mine["statistic"], mine["p_value"]) == (
            table["df"],
            table["t value"],
            table["Pr(>|t|)"],
        )
        assert mine["variances"] == whole["vc"]["vcov"]
        assert (mine["log_likelihood"], mine["criterion"]) == (whole["logLik"], whole["REMLcrit"])
        assert (mine["aic"], mine["bic"]) == (whole["AIC"], whole["BIC"])
        assert (mine["n"], mine["n_clusters"]) == (whole["nobs"], whole["ngroups"])
        assert [mine["icc_adjusted"]] == whole["icc"]["ICC_adjusted"]
        assert [mine["icc_conditional"]] == whole["icc"]["ICC_conditional"]
        assert [mine["r2_conditional"], mine["r2_marginal"]] == values(whole["r2"])
        assert mine["predictions"] == whole["ranef_head"]["(Intercept)"]
    mine, table = ours["few_kenward_roger"], few["kr"]
    keys = {"estimate": "Estimate", "std_error": "Std. Error", "df": "df", "statistic": "t value"}
    assert mine == {**{key: table[name] for key, name in keys.items()}, "p_value": table["Pr(>|t|)"]}


def test_values_of_robust_errors() -> None:
    ours, theirs = copied("regression.json"), shared("05_multilevel")
    mine, whole = ours["bh1996"], theirs["bh_ols_robust"]
    assert (mine["estimate"], mine["r_squared"]) == (values(whole["coef"]), whole["r2"])
    for name, errors in mine["std_error"].items():
        assert errors == values(whole["se"]["iid" if name == "classical" else name])
    # sandwich's clustered errors and estimatr's are the same numbers in another order of summation.
    same = {"CL_HC0": "CR0", "CL_HC0_cadj": "CR1", "CL_HC1": "CR1S"}
    for name, kind in same.items():
        assert values(whole["se"][name]) == pytest.approx(mine["std_error"][kind], rel=1e-11)
    assert values(whole["estimatr_CR2"]["se"]) == pytest.approx(mine["std_error"]["CR2"], rel=1e-11)
    assert values(whole["estimatr_CR2"]["df"]) == pytest.approx(mine["CR2"]["df"], rel=1e-11)
    assert mine["CR1S_df_p_ci"]["ci"] == whole["estimatr_stata"]["ci"]["data"]
    few, mine = theirs["bh12_few_clusters"], ours["few"]
    for mine_, whole_ in ((ours["bh1996"]["CR2"], whole["CR2_satterthwaite"]), (mine["CR2"], few["CR2"])):
        for key, name in (("t", "tstat"), ("df", "df_Satt"), ("p", "p_Satt")):
            assert mine_[key] == whole_[name]
    assert (mine["CR2"]["estimate"], mine["CR2"]["std_error"]) == (few["CR2"]["beta"], few["CR2"]["SE"])
    assert (mine["n"], mine["CR1S"]) == (few["n"], values(few["CL_HC1"]))


def test_values_of_rates_hazards_and_odds() -> None:
    theirs = shared("10_glm_surv")
    events, odds = copied("events.json"), copied("glm_dominance.json")
    assert events["quine"] == theirs["nb_quine"]
    assert events["cox_attrition_efron"] == theirs["cox_attrition_efron"]
    whole, mine = theirs["polr_housing"], odds["housing"]
    assert mine == {
        **{key: whole[key] for key in ("coef", "zeta", "se", "deviance", "AIC")},
        "probabilities": whole["pred_probs_first5"]["data"],
    }
    for column, numbers in odds["separation"]["data"].items():
        assert numbers == theirs["separation"]["data"][column]


def test_values_of_segments() -> None:
    ours, theirs = copied("segmentation.json"), shared("11_segmentation")
    for name, mine in ours["lca_sim"].items():
        assert mine == {key: theirs["lca_sim"][name][key] for key in mine}
    table = theirs["mclust_iris"]["BIC"]
    for model, mine in ours["mclust_bic"].items():
        assert mine == [row[table["cols"].index(model)] for row in table["data"]]
    assert ours["ari"] == theirs["ari"]
    lines = (THEIRS / "11_segmentation" / "lca_sim.csv").read_text(encoding="utf-8").splitlines()[1:]
    counted = {",".join(map(str, row[:-1])): row[-1] for row in ours["patterns"]["rows"]}
    assert counted == {line: lines.count(line) for line in set(lines)}


def test_values_of_pooling() -> None:
    ours, theirs = copied("meta.json"), shared("08_meta")
    whole = theirs["bcg_logRR"]
    assert len(ours["fits"]) == 18
    pairs = [(mine, whole[name]) for name, mine in ours["fits"].items()]
    pairs.append((ours["k2"]["REML_knha"], theirs["k2"]["REML_knha"]))
    for mine, fit in pairs:
        assert mine == {"estimate": fit["b"]["intrcpt"]} | {
            key: fit[key] for key in mine if key != "estimate"
        }
        assert {
            "se",
            "zval",
            "pval",
            "ci.lb",
            "ci.ub",
            "tau2",
            "se.tau2",
            "I2",
            "QE",
            "pi.lb",
            "pi.ub",
        } <= set(mine)
    assert (ours["k2"]["yi"], ours["k2"]["vi"]) == (theirs["k2"]["data"]["yi"], theirs["k2"]["data"]["vi"])
    assert ours["confint"] == whole["confint_REML_Qprofile"]
    assert (ours["leave1out"], ours["cooks"]) == (whole["leave1out"], whole["cooks"])
    assert ours["blup"] == {key: whole["blup"][key] for key in ours["blup"]}
    assert ours["weights"] == values(whole["weights_REML"])
