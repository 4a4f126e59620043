"""Run any vision-language model over a dataset of figures and score what it writes.

python -m train.evaluate --model DIR_OR_ID --data DIR --split test --kind brief --out RUN/

figures.py      Parquet shards -> figures
writers.py      a model behind `write(rows, task)`: prompt and decoding, a class for each form
baselines.py    texts that need no model: template, nearest neighbour, the reference itself
predict.py      batches by length, shares them out among processes, keeps every text, resumes
report.py       predictions -> scores.json, table.md, plots/
__main__.py     the command
"""
