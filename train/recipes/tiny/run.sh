#!/usr/bin/env bash
# The bundled checkpoint, from nothing: image tokenizer, PatentLLaMA, PatentMME, stage 1, stage 2. Run it
# from the folder of the repository; everything goes to out/tiny, and what is done there is not done again: the same
# command goes on where a killed one stopped. DATA is as in train/README.md, PROCESSES how many train side by side.
set -euo pipefail
: "${DATA:?give DATA=FOLDER with figures.jsonl and texts/}"
export OMP_NUM_THREADS=${OMP_NUM_THREADS:-1} OMP_WAIT_POLICY=PASSIVE TOKENIZERS_PARALLELISM=false ACCELERATE_USE_CPU=1
python=${PYTHON:-python}
processes=${PROCESSES:-2}
recipes=train/recipes/tiny
out=out/tiny

step() {  # name, then the command; nothing where it is done
  local name=$1 begin=$SECONDS
  shift
  [ ! -e "$out/log/$name.done" ] || return 0
  "$@" >>"$out/log/$name.log" 2>&1 || { tail -n 20 "$out/log/$name.log"; echo "tiny: $name failed"; exit 1; }
  touch "$out/log/$name.done"
  echo "tiny: $name took $((SECONDS - begin)) s"
}
draw() {  # folder, figures, split, first seed
  step "$1" "$python" -m dataset_builder.synthetic --out "$out/$1" --count "$2" --split "$3" --seed "$4" --max-side 448
}
launch() {  # processes, recipe, module, then options; from the last checkpoint that was written to its end
  local processes=$1 recipe=$recipes/$2.yaml name=$2 module=$3
  shift 3
  step "$name" "$python" -m accelerate.commands.launch --num_processes "$processes" \
    $([ "$processes" = 1 ] || echo --multi_gpu) -m "$module" --config "$recipe" --resume_from_checkpoint true "$@"
}

mkdir -p "$out/log"
step texts "$python" -m train.texts --data "$DATA" --out "$out/texts"
step tokenizer "$python" -m train.tokenizer --data "$DATA" --out "$out/tokenizers"
launch 1 llama train.pretrain_patentllama & language_model=$!
draw figures-held-out 100 validation 7
draw figures-validation 500 validation 0
draw figures-1 6000 train 0
launch 1 image_tokenizer train.image_tokenizer & image_tokenizer=$!
wait "$language_model"
draw figures-2 20000 train 100000
draw figures-3 22000 train 200000
wait "$image_tokenizer"
launch "$processes" mme train.pretrain_patentmme --train_data "$out/figures-1" "$out/figures-2" \
  --image_tokenizer "$out/image_tokenizer" --objectives mlm mim pc --max_steps 800
step model "$python" -m train.assemble "$recipes/model_pretrained.yaml"
each=$((8 / processes))  # eight figures to a step
launch "$processes" sft_1 train.sft --per_device_train_batch_size "$each"
launch "$processes" sft_2 train.sft --per_device_train_batch_size "$each"
launch "$processes" sft_3 train.sft --per_device_train_batch_size "$each"
