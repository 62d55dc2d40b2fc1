import { Controller, Get } from '@nestjs/common';
import { type EvaluationDetails, type JsonValue } from '@openfeature/server-sdk';
import { FlagDetails } from 'nestjs-flagship';
import { DEFAULT_LOOK } from '../home/shop-look';
import { DEFAULT_UPLOAD_LIMIT } from '../uploads/uploads.service';
import { HOME_PAGE, NEW_CHECKOUT, SAME_DAY_DISPATCH, SHOP_LOOK, UPLOAD_LIMIT } from './flag-keys';

/** Returns the evaluation details of every flag for the user of the request. */
@Controller('api/flags')
export class FlagsController {
  @Get()
  all(
    @FlagDetails(NEW_CHECKOUT, false) newCheckout: EvaluationDetails<boolean>,
    @FlagDetails(HOME_PAGE, 'classic') homePage: EvaluationDetails<string>,
    @FlagDetails(UPLOAD_LIMIT, DEFAULT_UPLOAD_LIMIT) uploadLimit: EvaluationDetails<number>,
    @FlagDetails(SHOP_LOOK, DEFAULT_LOOK) shopLook: EvaluationDetails<JsonValue>,
    @FlagDetails(SAME_DAY_DISPATCH, false) sameDayDispatch: EvaluationDetails<boolean>,
  ) {
    return [newCheckout, homePage, uploadLimit, shopLook, sameDayDispatch];
  }
}
