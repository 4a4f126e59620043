#!/usr/bin/env bash
# Every training script, one after the other, on drawn figures: none may take two minutes on two cores. Run it from the
# folder of the repository; everything goes to out/smoke. SMOKE_LIMIT is the seconds that a step may take.
set -euo pipefail
export OMP_NUM_THREADS=${OMP_NUM_THREADS:-2} OMP_WAIT_POLICY=PASSIVE TOKENIZERS_PARALLELISM=false
python=${PYTHON:-python}
recipes=train/recipes/smoke
out=out/smoke
limit=${SMOKE_LIMIT:-120}

step() {  # name, then the command
  local name=$1 begin=$SECONDS
  shift
  timeout "$limit" "$@" >"$out/$name.log" 2>&1 || { tail -n 20 "$out/$name.log"; echo "smoke: $name failed"; exit 1; }
  echo "smoke: $name took $((SECONDS - begin)) s"
}
draw() {  # folder, split, then options
  step "$1-$2" "$python" -m dataset_builder.synthetic --out "$out/$1" --split "$2" --max-side 448 "${@:3}"
}
launch() {  # recipe, module
  step "$1" "$python" -m accelerate.commands.launch --config_file train/accelerate/single.yaml -m "$2" \
    --config "$recipes/$1.yaml"
}

rm -rf "$out"
mkdir -p "$out/tokenizer"
cp checkpoints/patentlmm-tiny/tokenizer*.json "$out/tokenizer"
draw figures train --count 32
draw figures validation --count 8 --seed 1000
draw figures-validation validation --count 8 --seed 2000
draw figures-test test --count 4
launch image_tokenizer train.image_tokenizer
launch mme train.pretrain_patentmme
launch llama train.pretrain_patentllama
step model "$python" -m train.assemble "$recipes/model.yaml"
launch stage1 train.sft
launch stage2_brief train.sft
step merge "$python" -m train.merge --adapter "$out/stage2_brief" --out "$out/merged"
step evaluate "$python" -m train.evaluate --model "$out/merged" --data "$out/figures-test" --out "$out/evaluation" \
  --max-new-tokens 16
cat "$out/evaluation/table.md"
