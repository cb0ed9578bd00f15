"""Tables behind the figures of people, their journey, segments and the three sides: notebooks 05 to 08."""

from __future__ import annotations

from exresearch.report.behind.declared import Behind, table
from exresearch.report.tables import Column
from exresearch.report.text import mark

_KINDS = {
    "candidate": mark("Candidates"),
    "employee": mark("Employees"),
    "leaver": mark("Leavers"),
    "alumnus": mark("Former employees"),
    "gain": mark("All together"),
}
_SIDES = {"ex": mark("Employees"), "cx": mark("Customers"), "bx": mark("Partners")}
_LEVELS = {"low": mark("low"), "mean": mark("at the mean"), "high": mark("high")}
_FORMS = {
    "sum": mark("Sum: each part by itself"),
    "product": mark("Products of the three"),
    "minimum": mark("Weakest of the three"),
    "moderation": mark("Alignment strengthens the three"),
    "together": mark("All of these together"),
}
_DESCRIPTIONS = {
    "categories": mark("Categories of the organisation"),
    "categories_trimmed": mark("The best of these categories, as many columns as segments have"),
    "segments": mark("Segments on needs"),
    "both": mark("Categories and segments together"),
    "needs": mark("Needs as plain predictors"),
}
_CODES = {
    "hinders": mark("hinders"),
    "helps": mark("helps"),
    "motivates": mark("motivates"),
    "inspires": mark("inspires"),
    "none": mark("does not tell"),
}
_SHOCKS = {
    "engagement": mark("shared by engagement and ambassadorship"),
    "customers": mark("shared by ambassadorship and customers"),
}
_CLICKS = {"counts": mark("Clicks alone"), "ratings": mark("Experience alone"), "both": mark("Both")}
_BALANCES = {"even": mark("three even"), "lagging": mark("one lags behind")}
_WHO = Column(mark("Who rated"), "message", _KINDS)
_MOMENT = Column(mark("Moment"))
_MEAN = Column(mark("Mean rating"), "number2")
_SHARE = Column(mark("Interval"), "percent1")
_GAIN = Column(mark("Interval of the gain"), "points1")
_PERIODS = Column(mark("Units and waves"), "integer")
_WEIGHT = "number2"

TABLES: dict[str, Behind] = {
    "Links of the chain": table(
        mark("Links of the chain, in standard deviations"),
        "source_label target_label estimate conf_low n",
        source_label=Column(mark("From")),
        target_label=Column(mark("To")),
    ),
    "Roads from experience to customers": table(
        mark("Roads from experience to customers, in standard deviations"), "label estimate conf_low n",
        label=Column(mark("Road")),
    ),
    "Where hidden causes leave nothing": table(
        mark("Where hidden causes leave nothing"), "link rho_zero at_zero n",
        link=Column(mark("Hidden cause"), "message", _SHOCKS),
        rho_zero=Column(mark("Correlation that leaves nothing"), "number2"),
        at_zero=Column(mark("Effect without such a cause"), "number2"),
    ),
    "Rival models of behaviour": table(
        mark("What each model explains"), "model estimate conf_low gain gain_low held_out n",
        model=Column(mark("Model"), "message", _FORMS), estimate=Column(mark("Explained"), "percent1"), conf_low=_SHARE,
        gain=Column(mark("Beyond the sum"), "points1"), gain_low=_GAIN,
        held_out=Column(mark("In other people"), "percent1"),
    ),
    "Behaviour by the weakest of three parts": table(
        mark("Behaviour of people whose three parts are even, and of whom one lags behind"),
        "level kind x estimate conf_low n", level=Column(mark("Level"), "integer"),
        kind=Column(mark("People"), "message", _BALANCES), x=Column(mark("Mean of the three"), "number1"),
        estimate=Column(mark("Behaviour"), "number2"),
    ),
    "Customer experience along skill": table(
        mark("Expected customer experience"), "level x estimate conf_low n",
        level=Column(mark("What is laid down"), "message", _LEVELS), n=_PERIODS,
        x=Column(mark("Human skill"), "number2"),
        estimate=Column(mark("Customer experience"), "number2"),
    ),
    "Slopes of skill": table(
        mark("Slopes of skill, in standard deviations"), "level estimate conf_low p_value n",
        level=Column(mark("What is laid down"), "message", _LEVELS), n=_PERIODS,
        estimate=Column(mark("Slope"), "number2"),
    ),
    "Checks": table(
        mark("Deciding estimates and the checks beside them"), "part label estimate conf_low n",
        part=Column(mark("Part")), label=Column(mark("Way of asking")),
    ),
    "Ambassadors among colleagues": table(
        mark("Recommending by the share of ambassadors among colleagues"), "x y conf_low n",
        x=Column(mark("Ambassadors, against what is usual"), "points1"),
        y=Column(mark("Answer, against what is usual"), "signed2"),
    ),
    "Ratings of contact moments": table(
        mark("Mean rating of every contact moment"), "label phase_label estimate conf_low rank_low people",
        label=_MOMENT, phase_label=Column(mark("Phase")), estimate=_MEAN,
    ),
    "Ratings of contact moments, by who rates": table(
        mark("Mean rating, by who rated"), "label group estimate conf_low people", label=_MOMENT, group=_WHO,
        estimate=_MEAN,
    ),
    "Ratings of phases": table(
        mark("Mean rating of every phase"), "phase_label estimate conf_low people", phase_label=Column(mark("Phase")),
        estimate=_MEAN,
    ),
    "Weights of moments": table(
        mark("What each moment weighs in recommending"), "label who importance conf_low rank_low people", label=_MOMENT,
        who=_WHO, importance=Column(mark("Weight"), "percent1"), conf_low=_SHARE,
    ),
    "Explained differences in recommending, without and with the outer phases": table(
        mark("Explained differences in recommending, without and with the outer phases"),
        "term base full estimate conf_low", term=Column(mark("Who"), "message", _KINDS),
        base=Column(mark("Without"), "percent1"), full=Column(mark("With"), "percent1"),
        estimate=Column(mark("Gain"), "points1"), conf_low=_GAIN,
    ),
    "Recommendation by number of good moments": table(
        mark("Recommendation by number of good moments"), "good estimate conf_low people",
        good=Column(mark("Good moments"), "integer"), estimate=Column(mark("Mean recommendation"), "number2"),
    ),
    "Recommending explained by clicks and by experience": table(
        mark("Recommending explained by clicks and by experience"), "term estimate conf_low held_out people",
        term=Column(mark("Model"), "message", _CLICKS), estimate=Column(mark("Explained"), "percent1"), conf_low=_SHARE,
        held_out=Column(mark("On units left out"), "percent1"),
    ),
    "Codes of remarks by moment": table(
        mark("What remarks on each moment say"), "label code share n total", label=_MOMENT,
        code=Column(mark("The moment …"), "message", _CODES), share=Column(mark("Share"), "percent0"),
        n=Column(mark("Remarks"), "integer"), total=Column(mark("Remarks on the moment"), "integer"),
    ),
    "Remarks by moment": table(
        mark("Remarks on each moment"), "label total writers", label=_MOMENT,
        total=Column(mark("Remarks"), "integer"), writers=Column(mark("People"), "integer"),
    ),
    "Numbers of segments": table(
        mark("Numbers of segments"), "k above stability stability_low entropy smallest chosen",
        k=Column(mark("Segments"), "integer"), above=Column(mark("BIC above the lowest"), "number0"),
        stability=Column(mark("Found again"), "number2"), stability_low=Column(mark("Fifth percentile"), "number2"),
        entropy=Column(mark("Certainty"), "number2"), smallest=Column(mark("Smallest segment"), "integer"),
        chosen=Column(mark("Chosen"), "yes_no"),
    ),
    "Needs by segment": table(
        mark("Mean answer to every need, per segment"), "label number estimate conf_low overall n",
        label=Column(mark("Need")), number=Column(mark("Segment"), "integer"), estimate=Column(mark("Mean"), "number2"),
        overall=Column(mark("Everybody"), "number2"),
    ),
    "What describes people": table(
        mark("Explained among people who had no part in the fit"), "term estimate conf_low n",
        n=Column(mark("People"), "integer"), term=Column(mark("Model"), "message", _DESCRIPTIONS),
        estimate=Column(mark("Explained"), "percent1"),
        conf_low=_SHARE,
    ),
    "Links between three sides": table(
        mark("Links between three sides"), "label estimate conf_low n", label=Column(mark("Link")),
        estimate=Column(mark("Correlation"), "number2"),
    ),
    "Weights of a composite": table(
        mark("Weightings of the three sides"), "ex cx bx same_group", shuffled=True,
        ex=Column(mark("Weight of employees"), _WEIGHT), cx=Column(mark("Weight of customers"), _WEIGHT),
        bx=Column(mark("Weight of partners"), _WEIGHT),
        same_group=Column(mark("Units that stay in their quarter"), "percent0"),
    ),
    "Declared weights of a composite": table(
        mark("The declared weighting"), "ex cx bx", ex=Column(mark("Weight of employees"), _WEIGHT),
        cx=Column(mark("Weight of customers"), _WEIGHT), bx=Column(mark("Weight of partners"), _WEIGHT),
    ),
    "Effects of three sides over time": table(
        mark("Effects of one wave on the next, in standard deviations"), "predictor outcome estimate conf_low n_units",
        predictor=Column(mark("From"), "message", _SIDES), outcome=Column(mark("To"), "message", _SIDES),
    ),
}  # fmt: skip
