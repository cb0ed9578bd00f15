# One job of benchmarks/drivers.py in R: measure one package on the drivers of a binary file and print one line of JSON.
# Rscript drivers.R <package> <point|bootstrap> <file of doubles, columns whole, outcome first> <rows> <drivers>
#                   <runs> <seconds that the runs may take together> <replicates>
arguments <- commandArgs(trailingOnly = TRUE)
tool <- arguments[1]
work <- arguments[2]
rows <- as.integer(arguments[4])
size <- as.integer(arguments[5])
runs <- as.integer(arguments[6])
budget <- as.numeric(arguments[7])
replicates <- as.integer(arguments[8])
suppressPackageStartupMessages(library(tool, character.only = TRUE))

answers <- readBin(arguments[3], what = "double", n = rows * (size + 1), size = 8, endian = "little")
drivers <- sprintf("x%02d", seq_len(size))
frame <- as.data.frame(matrix(answers, nrow = rows, dimnames = list(NULL, c("y", drivers))))
rm(answers)

explained <- function(formula, data) summary(lm(formula, data = data))[["r.squared"]]

# Importance of each driver, in the order of the drivers.
point <- function(frame, drivers) {
  if (tool == "relaimpo") {
    found <- calc.relimp(frame[, c("y", drivers)], type = "lmg", rela = FALSE)@lmg
  } else if (tool == "domir") {
    found <- domir(reformulate(drivers, "y"), explained, .cdl = FALSE, .cpt = FALSE, data = frame)$General_Dominance
  } else {
    result <- rwa(frame, outcome = "y", predictors = drivers)$result
    found <- setNames(result$Raw.RelWeight, as.character(result$Variables))
  }
  as.numeric(found[drivers])
}

bootstrap <- function(frame, drivers) {
  if (tool == "relaimpo") {
    booted <- boot.relimp(frame[, c("y", drivers)], b = replicates, type = "lmg", rela = FALSE)
    intervals <- booteval.relimp(booted, bty = "perc", level = 0.95)
  } else {
    rwa(frame, outcome = "y", predictors = drivers, bootstrap = TRUE, n_bootstrap = replicates)
  }
  numeric(0)
}

status <- function(field) {
  if (!file.exists("/proc/self/status")) return(NA)
  lines <- grep(paste0("^", field, ":"), readLines("/proc/self/status"), value = TRUE)
  as.numeric(gsub("[^0-9]", "", lines[1])) / 1024
}

number <- function(x) ifelse(is.finite(x), sprintf("%.17g", x), "null")
listed <- function(x) paste0("[", paste(number(x), collapse = ", "), "]")

few <- seq_len(min(3, size))
invisible(point(frame[seq_len(min(200, rows)), ], drivers[few]))
set.seed(2016)
invisible(gc())
if (file.exists("/proc/self/clear_refs")) try(cat("5", file = "/proc/self/clear_refs"), silent = TRUE)
baseline <- status("VmRSS")
wall <- cpu <- numeric(0)
while (length(wall) < runs && sum(wall) < budget) {
  before <- proc.time()
  values <- if (work == "point") point(frame, drivers) else bootstrap(frame, drivers)
  spent <- proc.time() - before
  wall <- c(wall, spent[["elapsed"]])
  cpu <- c(cpu, spent[["user.self"]] + spent[["sys.self"]])
}
cat(sprintf(
  '\n{"wall": %s, "cpu": %s, "baseline": %s, "peak": %s, "values": %s, "version": "%s"}\n',
  listed(wall), listed(cpu), number(baseline), number(status("VmHWM")), listed(values),
  as.character(packageVersion(tool))
))
