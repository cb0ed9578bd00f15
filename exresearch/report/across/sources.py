"""The literature behind a comparison of clients."""

from __future__ import annotations

SOURCES = (
    "DerSimonian, R. & Laird, N. (1986). Meta-analysis in clinical trials. Controlled Clinical Trials, 7, 177-188. "
    "doi:10.1016/0197-2456(86)90046-2",
    "Viechtbauer, W. (2005). Bias and efficiency of meta-analytic variance estimators in the random-effects model. "
    "Journal of Educational and Behavioral Statistics, 30, 261-293. doi:10.3102/10769986030003261",
    "Knapp, G. & Hartung, J. (2003). Improved tests for a random effects meta-regression with a single covariate. "
    "Statistics in Medicine, 22, 2693-2710. doi:10.1002/sim.1482",
    "Röver, C., Knapp, G. & Friede, T. (2015). Hartung-Knapp-Sidik-Jonkman approach and its modification for "
    "random-effects meta-analysis with few studies. BMC Medical Research Methodology, 15, 99. "
    "doi:10.1186/s12874-015-0091-1",
    "Higgins, J. P. T., Thompson, S. G. & Spiegelhalter, D. J. (2009). A re-evaluation of random-effects "
    "meta-analysis. Journal of the Royal Statistical Society A, 172, 137-159. doi:10.1111/j.1467-985X.2008.00552.x",
    "IntHout, J., Ioannidis, J. P. A., Rovers, M. M. & Goeman, J. J. (2016). Plea for routinely presenting prediction "
    "intervals in meta-analysis. BMJ Open, 6, e010247. doi:10.1136/bmjopen-2015-010247",
    "Nagashima, K., Noma, H. & Furukawa, T. A. (2019). Prediction intervals for random-effects meta-analysis: a "
    "confidence distribution approach. Statistical Methods in Medical Research, 28, 1689-1702. "
    "doi:10.1177/0962280218773520",
    "Viechtbauer, W. (2007). Confidence intervals for the amount of heterogeneity in meta-analysis. Statistics in "
    "Medicine, 26, 37-52. doi:10.1002/sim.2514",
    "Viechtbauer, W. & Cheung, M. W.-L. (2010). Outlier and influence diagnostics for meta-analysis. Research "
    "Synthesis Methods, 1, 112-125. doi:10.1002/jrsm.11",
    "Bender, R. et al. (2018). Methods for evidence synthesis in the case of very few studies. Research Synthesis "
    "Methods, 9, 382-392. doi:10.1002/jrsm.1297",
)
