import { expect, it } from 'vitest'
import { calibrationOf } from '../../constants/model/calibrations.js'
import {
  calcatConditions,
  conditionsMatch,
  conditionsOf,
  conditionText,
  memoryCells,
  parseConditions,
} from '../../constants/model/conditions.js'
import { AGIPD_1M } from '../../src/kits/agipd/record.js'

it('only what both sides know must be equal, numbers nearly', () => {
  const run = { 'Memory cells': 352, 'Acquisition rate': 1.1, 'Gain setting': 0 }
  expect(conditionsMatch(run, {})).toBe(true)
  expect(conditionsMatch({}, run)).toBe(true)
  expect(conditionsMatch(run, { 'Acquisition rate': 1.1000001, 'Source energy': 9.2 })).toBe(true)
  expect(conditionsMatch(run, { 'Acquisition rate': 1.10001 })).toBe(false)
  expect(conditionsMatch(run, { 'Memory cells': 176 })).toBe(false)
  expect(conditionsMatch(run, { 'Gain setting': 0.5 })).toBe(false)
  expect(conditionsMatch({ order: '0,1,2,' }, { order: '0,1,2,' })).toBe(true)
  expect(conditionsMatch({ order: '0,1,2,' }, { order: '0,2,1,' })).toBe(false)
})

it('a calibration is asked for with its group’s conditions, defaults left out for CalCat', () => {
  const run = { 'Memory cells': 352, 'Gain mode': 0, 'Integration time': 12, 'Source energy': 9.2 }
  const of = (name: string) => calibrationOf(AGIPD_1M, name)!
  expect(conditionsOf(AGIPD_1M, of('Offset'), run)).toEqual({
    'Memory cells': 352,
    'Gain mode': 0,
    'Integration time': 12,
  })
  expect(conditionsOf(AGIPD_1M, of('SlopesPC'), run)).toEqual({ 'Memory cells': 352, 'Integration time': 12 })
  expect(conditionsOf(AGIPD_1M, of('SlopesCS'), run)).toEqual({ 'Memory cells': 352 })
  expect(calcatConditions(AGIPD_1M, of('Offset'), run)).toEqual({ 'Memory cells': 352 })
  expect(calcatConditions(AGIPD_1M, of('SlopesFF'), { ...run, 'Integration time': 20 })).toEqual({
    'Memory cells': 352,
    'Integration time': 20,
    'Source energy': 9.2,
  })
})

it('names are found in any case, values become numbers where they are', () => {
  expect(parseConditions(AGIPD_1M, { 'memory cells': '352', 'Gain setting': 'high' })).toEqual({
    'Memory cells': 352,
    'Gain setting': 'high',
  })
  expect(() => parseConditions(AGIPD_1M, { 'Memory sells': '352' })).toThrow(/Memory sells/)
})

it('memory cells are rounded up to what constants are taken for', () => {
  expect([1, 4, 5, 64, 65, 203, 352, 400].map(n => memoryCells(AGIPD_1M, n))).toEqual([
    4, 4, 32, 64, 76, 250, 352, 400,
  ])
})

it('values have their units for people, and those may be stated too', () => {
  const text = Object.entries({
    'Sensor Bias Voltage': 300,
    'Acquisition rate': 1.1000000000000003,
    'Source energy': 9.2,
  })
  expect(text.map(([name, value]) => conditionText(name, value))).toEqual(['300 V', '1.1 MHz', '9.2 keV'])
  // Without the noise of the last bits.
  const plain = [198146, 'text', -9.633501001136664e-282]
  expect(plain.map(value => conditionText('Memory cells', value))).toEqual([
    ...['198146', 'text', '-9.63350100114e-282'],
  ])
  const stated = { 'sensor bias voltage': '300 V', 'Acquisition rate': '1.1MHz', 'Source energy': '9.2' }
  expect(parseConditions(AGIPD_1M, stated)).toEqual({
    'Sensor Bias Voltage': 300,
    'Acquisition rate': 1.1,
    'Source energy': 9.2,
  })
})
