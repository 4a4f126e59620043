"""Words of the drawn figures, by technology; `RESERVED` technologies hold words no other split may use."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Technology:
    """Words of one field of technology, from which `vocabulary.py` composes labels.

    `modifiers` and `heads` make component names, `systems` are heads of containers, `objects` heads of what a process
    handles, `verbs` pairs (imperative, prepositions that may follow its object), `states` predicates after "is".
    """

    modifiers: tuple[str, ...]
    heads: tuple[str, ...]
    systems: tuple[str, ...]
    objects: tuple[str, ...]
    verbs: tuple[tuple[str, tuple[str, ...]], ...]
    states: tuple[str, ...]


def _list(text: str) -> tuple[str, ...]:
    return tuple(item.strip() for item in text.split(",") if item.strip())


def _verbs(text: str) -> tuple[tuple[str, tuple[str, ...]], ...]:
    pairs = (item.split(":") for item in _list(text))
    return tuple((pair[0], tuple(pair[1].split("/")) if len(pair) > 1 else ()) for pair in pairs)


def _technology(modifiers: str, heads: str, systems: str, objects: str, verbs: str, states: str) -> Technology:
    return Technology(_list(modifiers), _list(heads), _list(systems), _list(objects), _verbs(verbs), _list(states))


_INFORMATION_VERBS = (
    "receive:from, obtain:from, store:in, retrieve:from, transmit:to, send:to, generate:at/using, determine:using, "
    "compute:using, update:in, validate:using, compare:with, identify:in, extract:from, parse:using, forward:to, "
    "select:from, process:using, analyze:using, encode:using, decode:using, display:on, delete:from, modify:using, "
    "combine:with, record:in, request:from, provide:to, output:to, initialize:in, map:to, filter:using, sort:using, "
    "read:from, write:to, load:into, save:in, check:against, verify:using, create:in, assign:to, convert:using"
)
_INFORMATION_STATES = (
    "valid, available, complete, stored, received, empty, authorized, expired, within range, greater than threshold, "
    "less than threshold, pending, active, enabled, correct, new, found, encrypted, missing, identical, recognized, "
    "out of range, acceptable, accurate, ready, full, busy"
)
_PHYSICAL_STATES = (
    "complete, within range, below threshold, above threshold, aligned, stable, detected, present, in position, "
    "acceptable, closed, open, too high, too low, damaged, clean, at rest, connected, sealed, uniform, overheated"
)

SEEN: dict[str, Technology] = {
    "software": _technology(
        "application, user, session, event, query, document, template, object, script, compiler, runtime, task, "
        "search, index, rule, policy, language, workflow, plug-in, account, login, content, image, web, service, "
        "license, schema, thread, process, kernel, virtual machine, configuration, data, metadata, file, API, GUI",
        "engine, module, manager, interface, server, library, component, handler, parser, scheduler, dispatcher, "
        "loader, editor, browser, repository, database, generator, analyzer, wrapper, adapter, listener, agent, "
        "framework, layer, builder, controller, monitor, renderer, client, store, table, container, cache",
        "platform, system, environment, framework, application server, computing system, software stack, subsystem",
        "request, query, document, record, object, file, message, script, template, session, token, identifier, "
        "result, parameter, variable, instruction, event, command, response, entry, rule, credential, data, metadata",
        _INFORMATION_VERBS + ", compile:using, execute:in, invoke:in, render:on, parse:into, register:in, install:in",
        _INFORMATION_STATES + ", executable, locked, cached",
    ),
    "networks": _technology(
        "network, packet, routing, switching, access, gateway, link, port, traffic, session, edge, core, bandwidth, "
        "firewall, address, protocol, multicast, node, mesh, subscriber, broadband, cable, backbone, proxy, TCP, IP, "
        "VPN, LAN, WAN, Ethernet, DNS, host, cluster, queue, congestion, flow, uplink, downlink",
        "router, switch, gateway, server, node, interface, controller, modem, hub, bridge, firewall, proxy, terminal, "
        "manager, monitor, classifier, buffer, queue, scheduler, adapter, transceiver, relay, repeater, host, client, "
        "processor, balancer, analyzer, table, module, access point, concentrator",
        "network, communication system, subnetwork, domain, data center, network appliance, routing system, segment",
        "packet, frame, address, route, header, message, request, session, connection, datagram, payload, token, "
        "acknowledgment, response, certificate, key, path, stream, traffic, bandwidth, hop count, routing table",
        "receive:from, transmit:to, forward:to/through, route:through, drop:at, queue:at, establish:with, "
        "terminate:at, authenticate:with, encrypt:using, decrypt:using, broadcast:to, monitor:at, allocate:to, "
        "discover:in, resolve:using, encapsulate:in, acknowledge:to, negotiate:with, classify:using, inspect:at, "
        "update:in, send:to, request:from, store:in, detect:at, compare:with, select:from, measure:at",
        _INFORMATION_STATES + ", reachable, congested, acknowledged, trusted, lost, duplicated",
    ),
    "storage": _technology(
        "memory, storage, disk, cache, flash, block, volume, backup, write, read, address, sector, mirror, redundant, "
        "host, command, metadata, snapshot, tape, solid state, parity, error correction, wear leveling, DRAM, SRAM, "
        "NAND, RAID, SCSI, PCI, DMA, bus, bank, page, erase, journal, archive",
        "controller, memory, array, drive, buffer, cache, interface, adapter, module, device, manager, cell, table, "
        "register, bus, bridge, decoder, driver, server, queue, disk, pool, channel, map, engine, unit, host, stack, "
        "arbiter, sequencer",
        "storage system, memory system, memory device, disk array, storage server, backup system, storage node, "
        "memory module, drive enclosure",
        "block, page, sector, command, address, write request, read request, data, snapshot, pointer, entry, map, "
        "volume, record, log, key, checksum, copy, descriptor, partition, file, segment, cache line",
        "read:from, write:to, store:in, retrieve:from, erase:from, copy:to, allocate:in, map:to, flush:to, "
        "invalidate:in, restore:from, back up:to, compress:using, mirror:to, migrate:to, lock:in, fetch:from, "
        "scan:for, replicate:to, verify:using, prefetch:into, format:in, mount:on, release:to, update:in, "
        "receive:from, issue:to, check:against, compute:using",
        _INFORMATION_STATES + ", dirty, corrupted, allocated, erased, mounted",
    ),
    "semiconductors": _technology(
        "gate, source, drain, well, substrate, oxide, nitride, silicon, metal, dielectric, contact, barrier, trench, "
        "isolation, spacer, channel, doped, epitaxial, polysilicon, interlayer, passivation, seed, mask, wafer, "
        "bonding, solder, die, interconnect, buffer, capping, planarization, resist, n-type, p-type, buried",
        "layer, region, electrode, film, substrate, pad, plug, via, contact, line, structure, trench, stack, bump, "
        "pattern, well, junction, spacer, liner, chip, pillar, opening, cell, wire",
        "semiconductor device, integrated circuit, die package, wafer stack, transistor structure, chip package, "
        "display panel",
        "wafer, substrate, layer, mask, resist, trench, film, oxide layer, gate pattern, die, via, electrode, "
        "dopant, metal layer, opening, silicide, hard mask",
        "deposit:on/over, etch:using, pattern:using, grow:on, implant:into, anneal:in, polish:using, "
        "remove:from, form:on/over, expose:to, develop:using, strip:from, bond:to, dice:into, clean:using, "
        "oxidize:in, sputter:onto, planarize:using, fill:with, align:with, attach:to, dope:with, diffuse:into",
        _PHYSICAL_STATES + ", exposed, patterned, etched, planar, doped",
    ),
    "optics": _technology(
        "optical, laser, lens, light, beam, mirror, filter, fiber, focus, imaging, detector, spectral, pump, "
        "polarization, grating, collimating, objective, aperture, scanning, infrared, ultraviolet, diffractive, "
        "waveguide, photodetector, reflective, prism, projection, illumination, interferometer, holographic, relay",
        "source, lens, mirror, splitter, detector, filter, sensor, fiber, modulator, amplifier, coupler, polarizer, "
        "grating, prism, shutter, collimator, aperture, camera, stage, diode, plate, isolator, scanner, window, "
        "combiner, element, assembly, attenuator, reflector",
        "optical system, laser system, microscope, spectrometer, projector, imaging apparatus, optical module, "
        "camera system, interferometer",
        "beam, image, pulse, wavelength, light signal, spectrum, interference pattern, hologram, focal point, "
        "exposure, reflection, intensity value, wavefront, sample, phase map, pixel value",
        "emit:toward, focus:on/onto, reflect:from, split:using, collimate:using, detect:at/using, filter:using, "
        "modulate:using, scan:across, capture:using, project:onto, measure:using, direct:toward, polarize:using, "
        "amplify:in, attenuate:using, couple:into, diffract:from, combine:using, image:onto, adjust:using, steer:with",
        _PHYSICAL_STATES + ", focused, collimated, saturated, visible, coherent",
    ),
    "vehicles": _technology(
        "engine, brake, steering, wheel, throttle, fuel, battery, motor, transmission, clutch, suspension, speed, "
        "vehicle, driver, lane, cruise, ignition, exhaust, coolant, torque, hybrid, traction, pedal, airbag, seat, "
        "door, tire pressure, parking, yaw rate, collision, headlamp, navigation, charging, ECU, GPS, crankshaft",
        "controller, sensor, actuator, control unit, module, pump, valve, motor, switch, system, display, camera, "
        "radar, injector, inverter, generator, lamp, relay, assist unit, detector, regulator, converter, "
        "solenoid, lock, alarm, estimator, manager, interface",
        "vehicle, drive system, powertrain, braking system, vehicle control system, steering system, engine system, "
        "charging station",
        "vehicle speed, torque command, brake pressure, wheel slip, obstacle, route, engine load, fuel level, "
        "throttle position, battery charge, lane marking, gear ratio, road condition, steering angle, warning, "
        "driver input, destination, air flow",
        "detect:using, measure:using, estimate:using, control:using, apply:to, reduce:using, increase:using, "
        "limit:using, calculate:using, monitor:using, adjust:using, display:on, transmit:to, receive:from, "
        "set:in, predict:using, warn about:using,"
        " correct:using, store:in, supply:to, regulate:with",
        "greater than limit, less than limit, detected, within range, engaged, released, locked, zero, increasing, "
        "decreasing, safe, charged, low, high, abnormal, on, off, stationary, available, clear",
    ),
    "medical": _technology(
        "patient, heart rate, blood pressure, catheter, electrode, pacing, infusion, glucose, ultrasound, surgical, "
        "respiration, oxygen, implant, therapy, tissue, needle, imaging, ECG, diagnostic, stent, sensing, drug, "
        "insulin, telemetry, dose, ventilator, stimulation, biopsy, cardiac, nerve, endoscope, probe, monitoring",
        "monitor, sensor, pump, probe, electrode, catheter, stimulator, generator, controller, transducer, lead, "
        "implant, reservoir, analyzer, balloon, sheath, handle, needle, display, amplifier, detector, applicator, "
        "syringe, cuff, mask, programmer, console, cartridge, interface, delivery unit",
        "medical device, patient monitor, infusion system, therapy system, imaging system, implantable device, "
        "surgical system, diagnostic apparatus",
        "heart rate, blood sample, therapy dose, glucose level, patient record, pacing pulse, waveform, "
        "test result, pressure reading, treatment plan, diagnosis, ECG signal, image, drug profile, alarm, vital sign, "
        "oxygen level, stimulation pattern",
        "measure:using, deliver:to, sense:using, monitor:using, inject:into, insert:into, stimulate:using, "
        "display:on, record:in, adjust:using, analyze:using, diagnose:using, prescribe:for, acquire:from, "
        "calibrate:using, filter:using, detect:using, inflate:in, withdraw:from, compare:with, estimate:using, "
        "transmit:to, infuse:into",
        "normal, abnormal, above limit, below limit, stable, irregular, detected, acceptable, complete, elevated, "
        "critical, positive, negative, calibrated, available, safe, effective, recorded",
    ),
    "process": _technology(
        "feed, reactor, heat, steam, vapor, pressure, gas, liquid, solvent, catalyst, separation, recycle, cooling, "
        "mixing, storage, inlet, outlet, filtration, hydrogen, oxygen, carbon, water, waste, fuel, vacuum, air, "
        "membrane, absorption, distillate, product, flow, level, hot, cold, condensate, polymer, acid",
        "tank, reactor, pump, valve, column, condenser, heater, cooler, exchanger, separator, compressor, vessel, "
        "filter, mixer, line, drum, evaporator, boiler, blower, nozzle, chamber, manifold, controller, meter, "
        "scrubber, burner, dryer, sensor, unit, tower",
        "process plant, treatment system, reactor system, production unit, purification system, refinery unit, "
        "fuel cell system",
        "mixture, gas stream, solvent, product, slurry, solution, feed stream, vapor, residue, catalyst, polymer, "
        "precipitate, water, waste stream, condensate, reactant, acid solution",
        "heat:in/to, cool:in, mix:with, filter:through, pump:into/to, feed:into/to, separate:from, "
        "compress:in, dry:in, stir:in, condense:in, evaporate:in, wash:with, dissolve:in, recycle:to, vent:from, "
        "collect:in, react:with, neutralize:with, discharge:from, drain:from, purify:in, sample:from, recover:from",
        _PHYSICAL_STATES + ", dissolved, dry, hot, homogeneous, exhausted",
    ),
    "power": _technology(
        "power, voltage, current, battery, switching, DC, AC, charge, converter, inverter, rectifier, output, input, "
        "load, supply, reference, feedback, bias, regulator, transformer, gate, phase, grid, solar, fault, "
        "protection, isolation, boost, buck, ripple, pulse width, timing, standby, clock, error, overcurrent",
        "converter, inverter, regulator, rectifier, supply, driver, controller, circuit, comparator, amplifier, "
        "detector, generator, filter, switch, transformer, charger, monitor, limiter, stage, module, oscillator, "
        "reference, bus, panel, relay, breaker, divider, sensor, clamp, meter",
        "power supply, power converter, charging system, power management system, power module, supply circuit, "
        "inverter system",
        "output voltage, load current, duty cycle, reference voltage, fault, switching frequency, control signal, "
        "error signal, battery voltage, phase current, power level, temperature, charge level, gate signal, ripple",
        "measure:using, compare:with, adjust:using, regulate:using, detect:using, generate:using, increase:using, "
        "decrease:using, supply:to, convert:using, sample:using, enable:in, disable:in, limit:using, charge:from, "
        "disconnect:from, connect:to, rectify:using, reset:in, monitor:using, boost:using, apply:to, sense:at",
        "above threshold, below threshold, stable, within limits, zero, too high, too low, detected, active, "
        "enabled, disabled, constant, negative, regulated, overloaded, asserted, reached, present",
    ),
    "printing": _technology(
        "print, paper, sheet, ink, toner, nozzle, drum, transfer, fuser, feed, carriage, cartridge, scan, document, "
        "color, halftone, raster, page, font, job, duplex, tray, belt, developing, charging, exposure, cleaning, "
        "registration, image, stapling, spool, cutter, ribbon, label",
        "roller, head, tray, cartridge, belt, drum, motor, sensor, controller, unit, processor, buffer, scanner, "
        "feeder, sorter, guide, driver, engine, panel, counter, memory, queue, converter, generator, carriage, blade, "
        "heater, spooler, server, plate",
        "printer, printing apparatus, image forming apparatus, print system, copier, scanner device, print server",
        "print job, sheet, page, raster image, color table, toner image, font, dot pattern, job ticket, document, "
        "margin, ink level, print command, band, halftone image, density value",
        "print:on, feed:to, transfer:to, scan:using, rasterize:using, spool:in, develop:using, fix:to, eject:from, "
        "charge:using, clean:using, rotate:in, align:with, convert:using, count:using, detect:using, cut:with, "
        "receive:from, select:from, load:into, correct:using, cancel:in, adjust:using, staple:in",
        "jammed, empty, printed, complete, duplex, low, available, aligned, ready, detected, in color, canceled, "
        "fixed, loaded, valid, present, finished, blank",
    ),
    "wireless": _technology(
        "antenna, radio, RF, baseband, channel, carrier, mobile, base station, signal, frequency, handover, pilot, "
        "preamble, spreading, subcarrier, beacon, paging, cell, subscriber, wireless, transmit, receive, downlink, "
        "uplink, synchronization, symbol, interleaver, modulation, gain, noise, phase, IF, MIMO, GSM, diversity, SIM",
        "transmitter, receiver, transceiver, antenna, amplifier, mixer, modulator, demodulator, encoder, decoder, "
        "synthesizer, oscillator, filter, estimator, equalizer, correlator, controller, processor, handset, terminal, "
        "base station, interleaver, duplexer, switch, converter, detector, combiner, generator, unit, scheduler",
        "wireless network, mobile device, base station, radio transceiver, communication device, receiver circuit, "
        "wireless terminal, handset",
        "signal, symbol, channel estimate, beacon, frame, pilot signal, carrier frequency, "
        "code word, handover request, "
        "bit stream, paging message, time slot, location, noise estimate, channel list, signal strength, grant",
        "transmit:to, receive:from/at, modulate:using, demodulate:using, encode:using, decode:using, estimate:using, "
        "measure:at, filter:using, amplify:using, synchronize:with, allocate:to, scan:for, spread:using, "
        "correlate:with, select:from, report:to, schedule:in, detect:using, equalize:using, hand over:to, "
        "broadcast:from, down-convert:using, request:from, release:to, mix:with",
        "detected, strong, weak, received, above threshold, below threshold, synchronized, available, idle, "
        "occupied, valid, lost, correct, in range, roaming, granted, scheduled, complete",
    ),
    "business": _technology(
        "payment, customer, order, account, transaction, merchant, billing, inventory, price, auction, bid, invoice, "
        "credit, loan, insurance, claim, risk, portfolio, trade, market, purchase, shipping, tax, advertising, coupon, "
        "loyalty, catalog, card, fraud, bank, reservation, ticket, supplier, product, budget, payroll, contract",
        "server, database, system, module, terminal, processor, engine, account, manager, record, table, interface, "
        "gateway, ledger, form, report, agent, device, exchange, service, calculator, tracker, kiosk, network, "
        "repository, file, analyzer, desk, office, portal",
        "payment system, trading system, billing platform, electronic marketplace, financial institution, "
        "transaction system, reservation system, merchant system",
        "order, payment, invoice, bid, offer, transaction, account balance, loan application, claim, price, discount, "
        "contract, purchase request, receipt, credit score, quote, coupon, refund, customer profile, shipment, "
        "inventory count, payment token, tax amount",
        "receive:from, approve:using, calculate:using, submit:to, charge:to, transfer:to, debit:from, credit:to, "
        "ship:to, post:to, reject:at, notify about:through, generate:using, verify:using, match:with, rank:using, "
        "request:from, store:in, settle:with, price:using, update:in, display:to, select:from, cancel:in, audit:using, "
        "issue:to, reserve:for, accept:from, process:at",
        "approved, paid, valid, accepted, sufficient, overdue, available, in stock, fraudulent, authorized, complete, "
        "above limit, below limit, expired, canceled, shipped, signed, eligible, settled, taxable",
    ),
    "robotics": _technology(
        "robot, arm, gripper, joint, motion, position, servo, trajectory, vision, conveyor, pallet, tool, path, force, "
        "torque, encoder, motor, teach, safety, workpiece, actuator, wrist, obstacle, mapping, docking, wheel, "
        "axis, pick, assembly, navigation, calibration, speed, end effector, camera, proximity",
        "controller, arm, gripper, motor, encoder, sensor, actuator, planner, drive, camera, link, joint, base, "
        "pendant, conveyor, module, interface, scanner, station, estimator, tracker, brake, amplifier, limit switch, "
        "unit, processor, simulator, cart, platform, cell",
        "robot, robotic system, work cell, assembly line, manipulator, mobile robot, motion control system, "
        "inspection station",
        "workpiece, trajectory, joint angle, position error, grasp point, map, obstacle, tool path, target position, "
        "motion command, force reading, pallet, part image, waypoint, calibration value, pose, collision warning",
        "move:to, grasp:with, place:on/onto, plan:using, rotate:to, detect:using, measure:using, calibrate:using, "
        "track:using, estimate:using, inspect:using, align:with, stop:at, position:on, lift:from, scan:using, "
        "avoid:using, compute:using, correct:using, release:from, teach:to, convey:to, drive:to, load:onto, sort:into",
        "in position, reached, grasped, detected, calibrated, blocked, aligned, stopped, clear, safe, loaded, "
        "within tolerance, reachable, lost, complete, moving, empty, present",
    ),
    "imaging": _technology(
        "image, video, pixel, frame, color, motion, edge, texture, depth, feature, object, face, scene, camera, "
        "background, block, transform, quantization, entropy, prediction, luminance, chrominance, display, audio, "
        "segmentation, contour, histogram, stereo, compression, resolution, subtitle, stream, playback, "
        "noise, reference",
        "encoder, decoder, processor, buffer, sensor, display, detector, analyzer, filter, memory, camera, "
        "estimator, predictor, unit, classifier, tracker, converter, scaler, generator, module, selector, renderer, "
        "multiplexer, comparator, extractor, quantizer, synthesizer, mixer, interface, player",
        "image processing system, video encoder, camera, display device, video decoder, surveillance system, "
        "set-top box, media player, recognition system",
        "image, frame, pixel block, motion vector, feature vector, histogram, edge map, video stream, region, "
        "object, template, color value, depth map, bit rate, face image, background model, thumbnail, "
        "label, coefficient",
        "capture:using, acquire:from, encode:using, decode:using, filter:using, segment:using, detect:in, "
        "extract:from, compare:with, classify:using, scale:using, transform:using, quantize:using, "
        "predict:from, store:in, "
        "display:on, track:in, subtract:from, sharpen:using, render:on, compress:using, align:with, "
        "blend:with, estimate:from, select:from, threshold:using, rotate:using, annotate:in",
        "detected, recognized, sharp, blurred, similar, moving, stationary, valid, matched, bright, dark, "
        "above threshold, below threshold, complete, available, in focus, intra coded, visible, noisy, last",
    ),
    "signal": _technology(
        "signal, clock, data, digital, analog, timing, phase, delay, sampling, error, logic, register, address, "
        "interrupt, instruction, control, input, output, feedback, reset, trigger, counter, pulse, test, reference, "
        "noise, sensor, audio, serial, parallel, A/D, D/A, I/O, bus, arithmetic, threshold, gain, floating point",
        "processor, controller, converter, amplifier, filter, register, counter, decoder, encoder, multiplexer, "
        "comparator, generator, detector, circuit, buffer, latch, driver, oscillator, adder, multiplier, interface, "
        "memory, unit, timer, divider, sampler, CPU, DSP, FPGA, ALU, bus, port, integrator, conditioning unit, "
        "processing unit, control unit",
        "processor, signal processor, microcontroller, integrated circuit, control circuit, computer system, "
        "data acquisition system, electronic device, processing system",
        "sample, interrupt, instruction, input signal, clock signal, bit, word, operand, count value, error value, "
        "pulse, test pattern, status flag, trigger, coefficient, sum, delay value, control word, address, offset",
        "sample:using, read:from, write:to, decode:using, fetch:from, execute:in, delay:using, count:using, "
        "compare:with, amplify:using, integrate:using, latch:in, shift:in, convert:using, generate:using, "
        "multiply:by, add:to, subtract:from, synchronize:with, detect:using, filter:using, load:into, reset:in, "
        "increment:in, store:in, output:to, set:in, clear:in, invert:using, scale:by",
        "zero, set, high, low, asserted, valid, equal to reference, greater than limit, less than limit, positive, "
        "negative, overflowed, complete, stable, locked, pending, enabled, odd, even, ready",
    ),
    "home": _technology(
        "temperature, room, door, window, lighting, alarm, occupancy, thermostat, heating, humidity, security, "
        "appliance, water, energy, meter, smoke, garage, remote, voice, speaker, kitchen, washing, refrigerator, "
        "cooking, air quality, motion, schedule, fan, timer, wall, doorbell, remote control, keypad, intrusion",
        "controller, sensor, thermostat, display, panel, switch, detector, lock, hub, camera, speaker, microphone, "
        "timer, meter, keypad, lamp, motor, fan, heater, valve, siren, appliance, plug, gateway, receiver, reader, "
        "dimmer, unit, module, console",
        "home automation system, security system, appliance, heating system, lighting system, smart home, "
        "monitoring system",
        "room temperature, alarm, user setting, energy usage, voice command, schedule, door status, motion event, "
        "humidity level, set point, access code, light level, notification, water level, cooking time, user presence",
        "detect:using, set:at/on, adjust:using, display:on, monitor:using, transmit:to, receive:from, activate:in, "
        "deactivate:in, measure:using, schedule:in, record:in, announce:through, recognize:using, dim:using, "
        "learn:from, estimate:using, compare:with, enter:on, confirm:at, cancel:at, store:in, report:to",
        "occupied, open, closed, locked, above set point, below set point, armed, detected, on, off, recognized, "
        "valid, active, enabled, scheduled, normal, triggered, quiet",
    ),
}

RESERVED: dict[str, Technology] = {
    "marine": _technology(
        "ballast, rudder, sonar, keel, mooring, hull, anchor, bilge, propeller, dredging, periscope, buoyancy, tidal, "
        "harbor, salinity, brine, desalination, hydrofoil, snorkel, canal",
        "winch, davit, capstan, thruster, buoy, hydrophone, tiller, bulkhead, helm, gangway, dredger, mast, outrigger, "
        "stabilizer, pontoon, sluice, paddle",
        "catamaran, trawler, submarine, ferry, shipyard, barge",
        "sonar sounding, cargo manifest, buoy sighting, tide almanac, sonar echo, anchor hawser, berth, plankton haul",
        "dredge:with, moor:with, tow:with, submerge:beneath, ballast:with, dock:beside, salvage:with, unload:with, "
        "haul:with, hoist:with",
        "afloat, submerged, moored, leaking, ballasted, anchored",
    ),
    "agriculture": _technology(
        "grain, harvest, irrigation, fertilizer, livestock, milking, orchard, greenhouse, crop, soil, pesticide, "
        "hay, poultry, threshing, fodder, compost, pollen, nursery, dairy, straw",
        "harvester, baler, sprinkler, tractor, plow, seeder, silo, auger, thresher, incubator, spreader, hopper, "
        "sprayer, trough, mower, windrower, cultivator",
        "farm, windrower, greenhouse complex, barn, plantation, dairy parlor",
        "crop tonnage, soil moisture, fodder ration, milk batch, hay bale, seedling lot, "
        "herd roster, fruit crate, pest census",
        "harvest:with, irrigate:with, sow:with, plow:with, fertilize:with, milk:with, graze:beside, thresh:with, "
        "prune:with, spray:with, winnow:with, ripen:beneath",
        "ripe, moist, fertile, harvested, infested, germinated",
    ),
    "textile": _technology(
        "yarn, bobbin, weaving, knitting, warp, weft, dyeing, fabric, stitch, carded, embroidery, felt, pleat, sewing, "
        "lace, selvage, garment, quilting, hem, zipper",
        "loom, spindle, shuttle, heddle, creel, thimble, spinneret, tufter, hemmer, carder, seamer, embroiderer, "
        "winder, bleacher, mangle, needlebar, treadle",
        "textile mill, weaving shed, spinning mill, garment factory, dye house, laundry",
        "yarn slackness, stitch length, dye bath, fabric roll, bobbin snag, weave draft, garment piece, wool tuft",
        "weave:with, knit:with, spin:with, dye:with, stitch:with, hem:with, embroider:with, tease:with, bleach:with, "
        "shear:with, unwind:with, iron:beneath",
        "frayed, woven, bleached, taut, stitched, creased",
    ),
    "mining": _technology(
        "ore, crushing, blasting, tunnel, borehole, drilling, adit, seismic, quarry, coal, gravel, smelting, "
        "furnace, molten, slag, ingot, casting, forging, rolling mill, kiln, ceramic, glaze, quench, mineral",
        "crusher, ladle, crucible, excavator, jackhammer, furnace, kiln, hoist, skip, flotation bath, grinder, mill, "
        "anvil, tundish, bellows, geophone, wellhead, derrick, chute",
        "mine, foundry, steelworks, quarry, smelter, drill rig, pottery",
        "ore grade, slag assay, rock fragment, blast detonator, molten batch, seismogram, drill cuttings, ingot, "
        "ceramic tile, gravel pile",
        "crush:with, smelt:with, blast:with, excavate:with, drill:with, quench:with, forge:with, ladle:with, "
        "grind:with, fire:beneath, glaze:with, tunnel:beneath, shovel:with, pulverize:with",
        "molten, fractured, quenched, brittle, depleted, slagged",
    ),
    "food": _technology(
        "dough, brewing, fermentation, yeast, roasting, baking, beverage, malt, coffee, sugar, chocolate, frying, "
        "pasteurizing, noodle, juice, whipping, syrup, bottling, tempering, barley, oven, recipe, flavor, spice",
        "oven, kneader, roaster, kettle, fermenter, fryer, peeler, slicer, tumbler, whisk, spigot, carafe, griddle, "
        "blender, percolator, skewer, ladler, mandrel press, juicer",
        "bakery, brewery, coffee roastery, winery, cannery, confectionery, distillery",
        "dough piece, brew batch, bean roast, malt ration, juice bottle, sugar syrup, chocolate truffle, recipe, "
        "noodle strand",
        "bake:with, brew:with, knead:with, ferment:beneath, roast:with, fry:with, whip:with, pasteurize:with, "
        "bottle:with, slice:with, sweeten:with, steep:beneath, taste:beside, marinate:with",
        "baked, fermented, boiling, frothy, stale, sweet, roasted",
    ),
    "aerospace": _technology(
        "fuselage, aileron, cockpit, wing, rocket, orbital, bomb bay, altitude, glider, parachute, avionics, "
        "nacelle, runway, propellant, reentry, gyroscope, star, comet, telescope, lunar, landing, autopilot",
        "flap, turbine, fairing, gimbal, altimeter, sextant, rotorcraft, winglet, empennage, undercarriage, canopy, "
        "nosecone, parachute, catapult, airfoil, spoiler, astrolabe, rover",
        "aircraft, spacecraft, rocket, observatory, airport, glider, airship, helicopter",
        "flight itinerary, altitude bulletin, orbit apogee, launch epoch, attitude matrix, star atlas, wind shear, "
        "runway clearance, rocket burn",
        "launch:with, glide:above, orbit:above, fly:with, ignite:with, jettison:above, dock:with, hover:above, "
        "taxi:beside, eclipse:above, refuel:with, deorbit:above",
        "airborne, aloft, grounded, stalled, weightless, supersonic",
    ),
}


@dataclass(frozen=True)
class Wording:
    """The other words of one side (seen or reserved): mechanics, circuits, graphs, screens.

    `circuits` maps the kind of a circuit element to (drawn symbol, designator letter); `quantities` holds pairs
    (quantity, units), the independent ones in `abscissae`; `actions` are printed on buttons, `settings` beside fields.
    """

    mechanical_modifiers: tuple[str, ...]
    mechanical_heads: tuple[str, ...]
    assemblies: tuple[str, ...]
    circuits: dict[str, tuple[str, str]]
    circuit_modifiers: tuple[str, ...]
    abscissae: tuple[tuple[str, tuple[str, ...]], ...]
    quantities: tuple[tuple[str, tuple[str, ...]], ...]
    quantity_modifiers: tuple[str, ...]
    curve_modifiers: tuple[str, ...]
    curve_heads: tuple[str, ...]
    actions: tuple[str, ...]
    settings: tuple[str, ...]
    screens: tuple[str, ...]
    regions: tuple[str, ...]
    ordinals: tuple[str, ...]
    conditions: tuple[str, ...]


SEEN_WORDING = Wording(
    mechanical_modifiers=_list(
        "outer, inner, upper, lower, front, rear, side, top, bottom, drive, mounting, support, locking, release, "
        "sealing, retaining, guide, bearing, spring, hinge, cover, valve, pump, impeller, piston, cylinder, lever, "
        "shaft, gear, cam, clamp, pivot, handle, adjustment, tension, thrust, ratchet, clutch, threaded, tubular, "
        "annular, cylindrical, tapered, curved, flexible, rigid, elongated, slotted, flanged, rotating, sliding, "
        "stationary, movable, resilient, connecting, coupling, alignment, stop, base, end, central, radial, axial, "
        "lateral, inlet, outlet, fluid, air, cooling, filter, cap, latch, wheel, blade, plunger, nozzle, seat, magnet, "
        "splined, perforated, hollow, corrugated, knurled, telescoping, folding, trigger, safety"
    ),
    mechanical_heads=_list(
        "housing, shaft, flange, gasket, bearing, bracket, plate, cover, cap, lever, arm, pin, bolt, screw, nut, "
        "washer, spring, bushing, collar, sleeve, ring, rod, piston, cylinder, plunger, valve, seat, port, channel, "
        "groove, slot, recess, boss, rib, tab, lug, hook, latch, hinge, handle, knob, grip, wheel, gear, pinion, rack, "
        "cam, follower, pulley, chain, clutch disc, brake shoe, blade, vane, impeller, nozzle, tube, pipe, hose, "
        "manifold, fitting, seal, diaphragm, bellcrank, yoke, clevis, stem, stud, spacer, shoulder, wall, base, frame, "
        "rail, carriage, foot, leg, panel, lid, tray, door, strap, buckle, clip, jaw, lip, rim, spout, magnet, "
        "passage, bore, chamber, cavity, opening, edge, surface, tooth, jam nut, body, member, post, wedge, bar"
    ),
    assemblies=_list(
        "pump, valve assembly, hinge assembly, clamp, coupling, gearbox, actuator, compressor, tool holder, hand tool, "
        "wrench, bicycle hub, brake caliper, pipe fitting, hydraulic cylinder, bearing assembly, door latch, "
        "electrical connector, fan assembly, filter housing, clutch assembly, chair, container, "
        "dispenser, closure cap, "
        "trailer hitch, suspension strut, lock mechanism, tripod, cutting tool, miter saw, vise, ratchet mechanism, "
        "syringe, catheter hub, hand grip, lamp socket, cable clamp, winding mechanism, motor housing, cam mechanism, "
        "gear train, caster, ladder, storage box, mounting bracket, exercise device, heat exchanger, nozzle assembly, "
        "piston assembly, pulley block, slide mechanism, folding table, umbrella, soap dispenser, torque limiter, "
        "shock absorber, shelf bracket, faucet, spring clip"
    ),
    circuits={
        "resistor": ("resistor", "R"),
        "capacitor": ("capacitor", "C"),
        "inductor": ("inductor", "L"),
        "diode": ("diode", "D"),
        "Zener diode": ("diode", "D"),
        "transistor": ("transistor", "Q"),
        "switch": ("switch", "S"),
        "operational amplifier": ("amplifier", "U"),
        "amplifier": ("amplifier", "A"),
        "comparator": ("amplifier", "U"),
        "transformer": ("transformer", "T"),
        "voltage source": ("source", "V"),
        "current source": ("source", "I"),
        "battery": ("battery", "B"),
        "fuse": ("fuse", "F"),
        "lamp": ("lamp", "L"),
        "inverter": ("gate", "U"),
        "buffer": ("gate", "U"),
        "ground": ("ground", "GND"),
    },
    circuit_modifiers=_list(
        "feedback, input, output, pull-up, pull-down, bypass, decoupling, load, sense, bias, coupling, filter, "
        "smoothing, clamping, freewheeling, snubber, switching, driver, reference, current limiting, resonant, tuning, "
        "blocking, protection, series, shunt, compensation, timing, rectifying, storage, bootstrap, isolation, "
        "high-side, low-side, gate, emitter, base, collector, error, differential, buffer, charging, discharge, main, "
        "auxiliary, start-up, damping, gain setting, level shifting, terminating, precharge"
    ),
    abscissae=(
        ("time", ("s", "ms", "min", "h", "ns")),
        ("frequency", ("Hz", "kHz", "MHz", "GHz")),
        ("temperature", ("K", "deg C")),
        ("wavelength", ("nm", "um")),
        ("distance", ("m", "mm", "cm", "um")),
        ("displacement", ("mm", "um")),
        ("angle", ("deg", "rad")),
        ("load", ("N", "kg", "%")),
        ("concentration", ("%", "mol/l", "g/l")),
        ("frame number", ()),
        ("cycle count", ()),
        ("number of users", ()),
        ("position", ("mm", "m")),
        ("speed", ("m/s", "km/h", "rpm")),
        ("depth", ("mm", "um", "m")),
        ("energy", ("eV", "J")),
        ("duty cycle", ("%",)),
        ("elapsed time", ("s", "min", "h")),
        ("iteration", ()),
    ),
    quantities=(
        ("voltage", ("V", "mV", "kV")),
        ("current", ("A", "mA", "uA")),
        ("power", ("W", "mW", "kW", "dBm")),
        ("temperature", ("K", "deg C")),
        ("pressure", ("Pa", "kPa", "bar", "psi")),
        ("force", ("N", "kN")),
        ("torque", ("Nm",)),
        ("flow rate", ("l/min", "ml/s")),
        ("amplitude", ("V", "mm", "dB")),
        ("gain", ("dB",)),
        ("intensity", ("a.u.", "W/m")),
        ("efficiency", ("%",)),
        ("error rate", ("%",)),
        ("throughput", ("Mb/s", "Gb/s")),
        ("latency", ("ms", "us")),
        ("yield", ("%",)),
        ("absorbance", ("a.u.",)),
        ("transmittance", ("%",)),
        ("capacity", ("Ah", "mAh", "%")),
        ("impedance", ("ohm",)),
        ("resistance", ("ohm", "kohm")),
        ("stress", ("MPa",)),
        ("velocity", ("m/s", "mm/s")),
        ("acceleration", ("m/s/s",)),
        ("noise level", ("dB",)),
        ("phase", ("deg", "rad")),
        ("count", ()),
        ("density", ("g/l", "kg/l")),
        ("weight", ("kg", "g", "%")),
        ("cost", ("USD",)),
        ("utilization", ("%",)),
        ("luminance", ("cd",)),
        ("response", ("a.u.", "dB", "%")),
        ("concentration", ("%", "mol/l")),
        ("displacement", ("mm", "um")),
    ),
    quantity_modifiers=_list(
        "input, output, average, peak, measured, relative, normalized, total, maximum, minimum, signal, sensor, motor, "
        "battery, supply, line, load, drive, coil, gate, drain, source, detector, laser, optical, channel, network, "
        "memory, cache, engine, brake, fluid, inlet, outlet, chamber, wall, surface, blood, tissue, cell, electrode, "
        "bias, noise, reflected, transmitted, received, residual, cumulative, instantaneous, ambient, core, film, "
        "panel, pump, piston, valve, spring, contact, threshold, reference, target, estimated, filtered, read, write"
    ),
    curve_modifiers=_list(
        "measured, reference, simulated, filtered, unfiltered, ideal, calculated, comparative, corrected, uncorrected, "
        "control, raw, smoothed, predicted, target, baseline, fitted, compensated, uncompensated, heating, cooling, "
        "charging, discharging, input, output, gate, clock, data, sensor, voltage, current, pressure, torque, speed, "
        "temperature, gain, phase, noise, conventional, loaded, unloaded, upper limit, lower limit, nominal, motor, "
        "battery, pump, valve, laser, detector, reset, trigger, enable, ramp, drive, sampled, modulated, envelope"
    ),
    curve_heads=_list(
        "curve, response, waveform, signal, profile, trace, characteristic, line, plot, data, distribution, pulse, "
        "envelope, trend, function, spectrum"
    ),
    actions=_list(
        "save, cancel, apply, submit, search, delete, edit, add, remove, next, back, print, send, refresh, login, "
        "log out, start, stop, pause, play, record, upload, download, share, export, import, connect, disconnect, "
        "reset, update, select, browse, preview, confirm, help, close, open, copy, paste, undo, sort, filter, compare, "
        "install, scan, register, buy, pay, order, reply, forward, archive, mute, call, zoom, rotate, sync, test"
    ),
    settings=_list(
        "user name, password, e-mail address, account number, date of birth, first name, last name, phone number, "
        "postal address, language, time zone, volume, brightness, contrast, channel, network name, device name, "
        "file name, folder, category, price range, quantity, payment method, card holder, start date, end date, "
        "priority, status, description, keyword, project, customer, product code, temperature, pressure limit, "
        "sampling rate, alarm threshold, color scheme, font size, resolution, frame rate, patient name, dose, heart "
        "rate limit, printer, paper size, copies, server address, port, proxy, notification, reminder, location, "
        "destination, route, speed limit, fuel level, region, currency, tax rate, discount, message, subject line, "
        "attachment, contact list, group, role, access level, backup schedule, update interval, log level, theme"
    ),
    screens=_list(
        "settings, preferences, account, login, search, message, order, report, summary, details, status, schedule, "
        "calendar, editor, browser, configuration, control, history, map, device list, profile, wizard, monitor, "
        "dashboard, inbox, catalog, playlist, viewer, setup, alarm, checkout, overview, statistics, chat, home"
    ),
    regions=_list("region, zone, area, section, portion, sector, segment, field, layer"),
    ordinals=_list("first, second, third, primary, secondary, main, auxiliary, local, remote, external, internal"),
    conditions=_list(
        "data, request, message, timer, counter, user, device, result, value, signal, limit, password, time limit"
    ),
)

RESERVED_WORDING = Wording(
    mechanical_modifiers=_list(
        "rudder, ballast, winch, mast, harvester, plow, auger, baler, loom, bobbin, spindle, shuttle, treadle, "
        "crusher, ladle, derrick, anvil, oven, kettle, whisk, griddle, roaster, aileron, fuselage, gimbal, nacelle, "
        "parachute, capstan, pontoon, mower, hoist, bellows"
    ),
    mechanical_heads=_list(
        "paddle, tiller, cleat, grommet, cowling, tine, prong, coulter, spigot, crucible, heddle, thimble, fairing, "
        "airfoil, mangle, skewer, whisk, bellows, gunwale, scupper, eyelet, turnbuckle, trunnion, gudgeon, "
        "pintle, ferrule, escutcheon, dovetail, mandrel, tassel, shank"
    ),
    assemblies=_list(
        "anchor winch, hay baler, grain auger, sewing loom, dough kneader, ore crusher, coffee percolator, seeder, "
        "tiller, crop sprinkler, parachute harness, wing flap, juicer, whisk, kiln, bellows, bilge dredger, glider, "
        "quilting hoop, zipper, rudder yoking, catapult"
    ),
    circuits={
        "thermistor": ("resistor", "R"),
        "varistor": ("resistor", "R"),
        "supercapacitor": ("capacitor", "C"),
        "varactor": ("diode", "D"),
        "thyristor": ("transistor", "Q"),
        "choke": ("inductor", "L"),
        "thermocouple": ("source", "V"),
        "phototube": ("lamp", "L"),
        "memristor": ("resistor", "R"),
        "toroid": ("inductor", "L"),
    },
    circuit_modifiers=_list(
        "rudder, sonar, oven, furnace, aileron, kiln, winch, loom, bobbin, harvester, hoist, thruster, cockpit, "
        "brewing, roasting, irrigation, bilge, altimeter, kettle, gyroscope, seismic, quench"
    ),
    abscissae=(
        ("tide", ("m", "cm")),
        ("altitude", ("m", "km")),
        ("salinity", ("%", "g/l")),
        ("soil moisture", ("%",)),
        ("fermentation day", ()),
        ("harvest week", ()),
        ("azimuth", ("deg",)),
        ("ore grade", ("%",)),
        ("roast duration", ("min", "s")),
    ),
    quantities=(
        ("buoyancy", ("N", "kN")),
        ("turbidity", ("NTU",)),
        ("viscosity", ("Pas",)),
        ("hardness", ("HV",)),
        ("acidity", ("pH",)),
        ("windage", ("N", "kN")),
        ("drift", ("N",)),
        ("crop tonnage", ("t", "kg")),
        ("tensile modulus", ("GPa",)),
        ("melt tonnage", ("kg/h",)),
        ("sweetness", ("%",)),
        ("propulsion", ("kN",)),
    ),
    quantity_modifiers=_list(
        "brine, hull, keel, silo, grain, soil, yarn, fabric, dough, malt, slag, ore, wing, aileron, rocket, orchard, "
        "furnace, kiln, syrup, coffee, fuselage, tidal, harbor, milk"
    ),
    curve_modifiers=_list(
        "tidal, harvest, fermentation, roasting, smelting, orbital, seismic, weaving, brewing, dredging, irrigation, "
        "glider, lunar, baking, quench, salinity, altitude, buoyancy"
    ),
    curve_heads=_list("locus, oscillogram, isotherm, parabola, hyperbola, sinusoid, staircase, arc, ridge, hump"),
    actions=_list(
        "brew, harvest, irrigate, launch, dock, bake, roast, weave, sow, drill, moor, fly, graze, spray, knead, unload"
    ),
    settings=_list(
        "tide crest, hull draft, crop variety, seedling lot, herd tally, yarn denier, dye shade, "
        "furnace heatup, ore tonnage, oven mode, roast darkness, flight crew, wing trim, runway, "
        "altitude ceiling, brew potency, soil acidity, "
        "kiln ramping, mast tilt, cargo manifest, milk batch, recipe"
    ),
    screens=_list(
        "harbor, orchard, bakery, brewery, cockpit, runway, loom, foundry, quarry, greenhouse, farm, observatory"
    ),
    regions=_list("estuary, furrow, meadow, stratum, hangar, seam lode, pasture, lagoon"),
    ordinals=_list("landward, starboard, aft, windward, inboard, outboard, leeward, twin"),
    conditions=_list("tide, harvest, dough, yarn slackness, ore grade, runway, brew batch, brine"),
)
